//! The examples of the JSON-RPC 2.0 specification, section 7, and what else it says of requests: each by WebSocket and by
//! POST, with the same answer.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tidings::{Context, NoInput, Query, Router, RpcError};

use crate::support::{TestBroker, TestServer};

/// Two numbers.
#[derive(Deserialize, JsonSchema)]
struct Numbers {
    minuend: i64,
    subtrahend: i64,
}

/// Subtracts.
#[derive(JsonSchema)]
struct Subtract;

impl Query for Subtract {
    const NAME: &'static str = "subtract";
    type Input = Numbers;
    type Output = i64;
}

/// Answers some data.
#[derive(JsonSchema)]
struct GetData;

impl Query for GetData {
    const NAME: &'static str = "getData";
    type Input = NoInput;
    type Output = (String, i64);
}

async fn serve() -> TestServer {
    let subtract = async |_: Context<()>, input: Numbers| -> Result<i64, RpcError> {
        Ok(input.minuend - input.subtrahend)
    };
    let data = async |_: Context<()>, _: NoInput| Ok(("hello".to_owned(), 5));
    let router = Router::<()>::new("Specification", "1.0.0");
    let router = router.query::<Subtract>(subtract).public().query::<GetData>(data).public();
    TestBroker::memory().serve(&[], router, ()).await
}

fn error(id: impl Into<Value>, code: i32) -> Value {
    json!({ "id": id.into(), "code": code })
}

fn result(id: impl Into<Value>, result: impl Into<Value>) -> Value {
    json!({ "id": id.into(), "result": result.into() })
}

/// What matters of an answer: its id, and its result or the code of its error.
fn matters(answer: &Value) -> Value {
    if let Some(answers) = answer.as_array() {
        return answers.iter().map(matters).collect();
    }
    assert_eq!(answer["jsonrpc"], "2.0", "{answer}");
    match answer.get("error") {
        None => json!({ "id": answer["id"], "result": answer["result"] }),
        Some(error) => {
            assert!(answer.get("result").is_none(), "{answer}");
            assert!(error["message"].is_string(), "{answer}");
            json!({ "id": answer["id"], "code": error["code"] })
        }
    }
}

/// Sends each message, and checks what matters of the answer: nothing at all where none is expected.
async fn check(examples: &[(&str, Option<Value>)]) {
    let server = serve().await;
    let mut client = server.client().await;
    for (message, expected) in examples {
        client.send(*message).await;
        if let Some(expected) = expected {
            assert_eq!(matters(&client.message().await), *expected, "the answer to {message}");
        }
        let next = client.call("rpc.ping", json!({})).await;
        assert_eq!(next["result"], true, "the connection stays after {message}");
        assert_eq!(client.waiting().count(), 0, "there is one answer to {message}");
    }
    let http = reqwest::Client::new();
    for (message, expected) in examples {
        let request = http.post(server.url("/rpc")).header("content-type", "application/json");
        let answer = request.body((*message).to_owned()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        match expected {
            Some(expected) => {
                let not_json = expected["code"] == -32700;
                assert_eq!(status, if not_json { 400 } else { 200 }, "{message}: {text}");
                let answer = serde_json::from_str(&text).unwrap();
                assert_eq!(matters(&answer), *expected, "the answer to {message}");
            }
            None => assert_eq!((status.as_u16(), text.as_str()), (204, ""), "{message}"),
        }
    }
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn section_7() {
    let invalid = || error(Value::Null, -32600);
    check(&[
        // An input is an object, by name or as the only element. Several positions are no input of Tidings'.
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
            Some(error(1, -32602)),
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [{"minuend": 42, "subtrahend": 23}], "id": 2}"#,
            Some(result(2, 19)),
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
            Some(result(3, 19)),
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
            Some(result(4, 19)),
        ),
        (r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#, None),
        (r#"{"jsonrpc": "2.0", "method": "foobar"}"#, None),
        (
            r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
            Some(error("1", -32601)),
        ),
        (
            r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
            Some(error(Value::Null, -32700)),
        ),
        (r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#, Some(invalid())),
        (
            r#"[
                {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                {"jsonrpc": "2.0", "method"
            ]"#,
            Some(error(Value::Null, -32700)),
        ),
        ("[]", Some(invalid())),
        ("[1]", Some(json!([invalid()]))),
        ("[1,2,3]", Some(json!([invalid(), invalid(), invalid()]))),
        (
            r#"[
                {"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": "1"},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
                {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
                {"foo": "boo"},
                {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                {"jsonrpc": "2.0", "method": "getData", "id": "9"}
            ]"#,
            Some(json!([
                result("1", 19),
                error("2", -32602),
                invalid(),
                error("5", -32601),
                result("9", json!(["hello", 5])),
            ])),
        ),
        (
            r#"[
                {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
            ]"#,
            None,
        ),
    ])
    .await;
}

/// Without an answer the caller would wait for ever.
#[tokio::test]
async fn every_id_that_is_not_allowed_is_refused() {
    let invalid = || error(Value::Null, -32600);
    for id in ["1.5", "1.0", "-1", "18446744073709551616", "1e3", "{}", "[]", "true", r#""\ud800""#]
    {
        let call = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"getData"}}"#);
        let good = r#"{"jsonrpc":"2.0","id":7,"method":"rpc.ping"}"#;
        check(&[
            (&call, Some(invalid())),
            (&format!("[{call},{good}]"), Some(json!([invalid(), result(7, true)]))),
        ])
        .await;
    }
    check(&[
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"getData"}"#, Some(invalid())),
        (r#"{"jsonrpc":"2.0","id":1,"\u0069d":1,"method":"getData"}"#, Some(invalid())),
        (r#"[{"jsonrpc":"2.0","id":1,"id":2,"method":"getData"}]"#, Some(json!([invalid()]))),
    ])
    .await;
}

#[tokio::test]
async fn every_id_that_is_allowed_comes_back() {
    for id in ["0", "18446744073709551615", "null", r#""""#, r#""a\"b""#, r#""\ud83d\ude00""#] {
        let call = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"rpc.ping"}}"#);
        let id: Value = serde_json::from_str(id).unwrap();
        check(&[(&call, Some(result(id, true)))]).await;
    }
}

#[tokio::test]
async fn json_that_is_no_request_is_an_invalid_request() {
    let invalid = || Some(error(Value::Null, -32600));
    check(&[
        ("{}", invalid()),
        ("1", invalid()),
        ("null", invalid()),
        (r#""hello""#, invalid()),
        (r#"{"jsonrpc":"2.0"}"#, invalid()),
        (r#"{"jsonrpc":"1.0","method":"getData"}"#, invalid()),
        (r#"{"method":"getData"}"#, invalid()),
        (r#"{"jsonrpc":"2.0","method":"getData","params":{},"params":{}}"#, invalid()),
        // The id is known.
        (r#"{"jsonrpc":"1.0","id":5,"method":"getData"}"#, Some(error(5, -32600))),
        (r#"{"id":"a\"b","method":"getData"}"#, Some(error("a\"b", -32600))),
        (r#"{"jsonrpc":"2.0","id":5,"method":"\ud800"}"#, Some(error(5, -32600))),
        (r#"[{"jsonrpc":"1.0","id":5,"method":"getData"}]"#, Some(json!([error(5, -32600)]))),
        // The members of a request without their names.
        (r#"[["2.0",1,"getData",null]]"#, Some(json!([error(Value::Null, -32600)]))),
    ])
    .await;
}

#[tokio::test]
async fn what_is_not_json_is_a_parse_error() {
    let parse = || Some(error(Value::Null, -32700));
    let bytes = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}";
    check(&[
        ("", parse()),
        ("hello", parse()),
        (r#"{"jsonrpc":"2.0","id":1,"method":"getData"} {}"#, parse()),
        (r#"{"jsonrpc":"2.0","id":1,"id":1"#, parse()),
        (r#"{"jsonrpc":"2.0","id":01,"method":"getData"}"#, parse()),
    ])
    .await;
    let server = serve().await;
    let mut client = server.client().await;
    client.send(bytes.to_vec()).await;
    assert_eq!(matters(&client.message().await), parse().unwrap());
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn white_space_around_a_request_is_no_part_of_it() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}"#;
    check(&[(&format!("{0}\n{call}{0}", " ".repeat(500)), Some(result(1, true)))]).await;
}
