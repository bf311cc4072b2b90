//! The document has what the contract says.

use service::router;

#[test]
fn the_document_has_every_format_and_error() {
    let document = router().document().unwrap();
    let item = &document["components"]["schemas"]["Item"]["properties"];
    for (member, format) in
        [("id", "uuid"), ("left", "int32"), ("sold", "uint64"), ("restockedAt", "date-time")]
    {
        assert_eq!(item[member]["format"], format, "{member}");
    }
    assert_eq!(item["name"]["minLength"], 1);
    let error = document["x-errors"].as_array().unwrap().last().unwrap();
    assert_eq!((&error["name"], &error["code"]), (&"soldOut".into(), &2001.into()));
}
