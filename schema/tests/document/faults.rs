use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings_contract::{
    ErrorDetails, ErrorKind, Feed, Mutation, NoInput, OpenRpc, Query, Subscription,
};

macro_rules! queries {
    ($($type:ident = $name:literal, $input:ty, $errors:expr;)+) => {$(
        /// Answers.
        #[derive(JsonSchema)]
        struct $type;
        impl Query for $type {
            const NAME: &'static str = $name;
            type Input = $input;
            type Output = u32;
            const ERRORS: &'static [ErrorKind] = $errors;
        }
    )+};
}

macro_rules! subscriptions {
    ($($type:ident = $name:literal, $namespace:literal, $input:ty;)+) => {$(
        /// Streams.
        #[derive(JsonSchema)]
        struct $type;
        impl Subscription for $type {
            const NAME: &'static str = $name;
            const NAMESPACE: &'static str = $namespace;
            type Input = $input;
            type Event = u32;
            const FEED: Feed = Feed::Log;
        }
    )+};
}

/// How much there is.
#[derive(Serialize, JsonSchema)]
struct SoldOut {
    left: u32,
}

impl ErrorDetails for SoldOut {
    const KIND: ErrorKind = ErrorKind::new(1001, "soldOut", "The item is sold out.");
}

/// What the server always sends, and clients may leave out.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Item {
    #[serde(default)]
    count: u32,
}

/// Answers an item.
#[derive(JsonSchema)]
struct SetItem;

impl Mutation for SetItem {
    const NAME: &'static str = "items.set";
    type Input = Item;
    type Output = Item;
}

/// A cursor of one's own.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the type is what matters")]
struct Since {
    last_event_id: String,
}

queries! {
    Hyphen = "get-item", NoInput, &[];
    Reserved = "rpc.items", NoInput, &[];
    Items = "items", NoInput, &[];
    ItemsAgain = "items", NoInput, &[];
    Sum = "sum", Vec<u32>, &[];
    Buy = "buy", NoInput, &[ErrorKind::of::<SoldOut>()];
    BuyAgain = "buyAgain", NoInput, &[SoldOut::KIND];
    Sell = "sell", NoInput, &[ErrorKind::new(-32001, "closed", "It is closed.")];
    Give = "give", NoInput, &[ErrorKind::new(1001, "late", "It is late.")];
    Take = "take", NoInput, &[ErrorKind::new(1002, "too late", "It is too late.")];
}

subscriptions! {
    OnItem = "onItem", "item", NoInput;
    OnItems = "onItems", "item", Since;
    OnNone = "onNone", "a b", NoInput;
}

#[test]
fn every_fault_is_told_with_its_place() {
    let contract = OpenRpc::new("Faults", "1.0.0")
        .query::<Hyphen>()
        .query::<Reserved>()
        .query::<Items>()
        .query::<ItemsAgain>()
        .query::<Sum>()
        .query::<Buy>()
        .query::<BuyAgain>()
        .query::<Sell>()
        .query::<Give>()
        .query::<Take>()
        .mutation::<SetItem>()
        .subscription::<OnItem>()
        .subscription::<OnItems>()
        .subscription::<OnNone>();
    let faults = contract.into_document().unwrap_err().0;
    let expected = [
        ("\"get-item\" is not a procedure name", "such as prices.onPrice"),
        ("the name rpc.items is reserved", "keeps `rpc.` for itself"),
        ("two procedures have the name items", ""),
        ("the input of sum is not an object but \"array\"", "wrap it in a struct"),
        ("buyAgain declares the error soldOut (1001) otherwise", "`ErrorKind::of::<Details>()`"),
        ("sell declares the error closed (-32001), but JSON-RPC reserves", "such as 1001"),
        ("give declares the error late (1001), but another error is soldOut (1001)", "of its own"),
        ("take declares the error too late (1002)", "in camelCase"),
        ("onItems and onItem have the same namespace item", "its own NAMESPACE"),
        ("the input of onItems has a member lastEventId", "leave it out"),
        ("\"a b\" cannot be the namespace of onNone", "such as prices"),
        ("Item means one thing in inputs and another", "a type of its own"),
        ("items is a procedure, so it cannot be the group of items.set", "rename one of them"),
        ("items is a procedure, so it cannot be the group of items.set", "rename one of them"),
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, (what, fix)) in faults.iter().zip(expected) {
        assert!(fault.starts_with(what) && fault.contains(fix), "{fault}\n{what} … {fix}");
    }
}

#[test]
fn a_contract_without_faults_has_none() {
    let contract = OpenRpc::new("Items", "1.0.0").query::<Items>().query::<Buy>();
    assert!(contract.subscription::<OnItem>().into_document().is_ok());
}
