//! Mistakes in a contract, as a service's author reads them: each fault names the procedure and a remedy.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings::{
    Config, Context, Error, ErrorKind, Feed, Mutation, NoInput, OnInstances, Query, Router,
    RpcError, Server, Subscription,
};

/// Declares procedures with the minimum that the tests need.
macro_rules! queries {
    ($($type:ident = $name:expr, $input:ty => $output:ty $(, $errors:expr)?;)+) => {$(
        /// Answers.
        #[derive(JsonSchema)]
        struct $type;
        impl Query for $type {
            const NAME: &'static str = $name;
            type Input = $input;
            type Output = $output;
            $(const ERRORS: &'static [ErrorKind] = $errors;)?
        }
    )+};
}

macro_rules! subscriptions {
    ($($type:ident = $name:expr, $namespace:expr, $input:ty => $event:ty, $feed:ident;)+) => {$(
        /// Streams.
        #[derive(JsonSchema)]
        struct $type;
        impl Subscription for $type {
            const NAME: &'static str = $name;
            const NAMESPACE: &'static str = $namespace;
            type Input = $input;
            type Event = $event;
            const FEED: Feed = Feed::$feed;
        }
    )+};
}

async fn answer<I, O: Default>(_: Context<()>, _: I) -> Result<O, RpcError> {
    Ok(O::default())
}

fn router() -> Router<()> {
    Router::<()>::new("Faults", "1.0.0")
}

/// The server's error for a contract.
#[track_caller]
fn faults<Last>(router: Router<(), Last>, expected: &[&str]) {
    // Undeclared procedures are no fault of the contract.
    let config = Config { dev: true, ..Config::default() };
    match Server::new(config, router, ()) {
        Err(error @ Error::Contract(_)) => {
            let Error::Contract(invalid) = &error else { unreachable!() };
            assert_eq!(invalid.0, expected);
            let all = format!("the contract is not valid: {}", expected.join("; "));
            assert_eq!((error.to_string(), format!("{error:?}")), (all.clone(), all));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the contract was taken"),
    }
}

queries! {
    GetPrice = "prices.getPrice", NoInput => u32;
    AnotherGetPrice = "prices.getPrice", NoInput => u64;
    Prices = "prices", NoInput => u32;
    Pricing = "pricing", NoInput => u32;
}

#[test]
fn two_procedures_of_one_name() {
    let router = router().query::<GetPrice>(answer).query::<AnotherGetPrice>(answer);
    faults(router, &["two procedures have the name prices.getPrice"]);
}

#[test]
fn a_procedure_that_is_the_group_of_another() {
    let fault =
        "prices is a procedure, so it cannot be the group of prices.getPrice; rename one of them";
    faults(router().query::<Prices>(answer).query::<GetPrice>(answer), &[fault]);
    faults(router().query::<GetPrice>(answer).query::<Prices>(answer), &[fault]);
    // A name that only begins like another is no group.
    let router = router().query::<Pricing>(answer).query::<GetPrice>(answer).public();
    assert!(Server::new(Config { dev: true, ..Config::default() }, router, ()).is_ok());
}

#[test]
fn names_that_are_none() {
    const LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    queries! {
        Empty = "", NoInput => u32;
        Dots = "prices..get", NoInput => u32;
        Ends = "prices.", NoInput => u32;
        Digit = "prices.1st", NoInput => u32;
        Hyphen = "get-price", NoInput => u32;
        Underscore = "get_price", NoInput => u32;
        Space = "get price", NoInput => u32;
        Foreign = "prix.élevé", NoInput => u32;
        Long = LONG, NoInput => u32;
    }
    fn fault<Q: Query<Input = NoInput, Output = u32>>() {
        let fault = format!(
            "{:?} is not a procedure name; use letters and digits, and dots between groups, such as prices.onPrice \
             (at most 100 characters)",
            Q::NAME
        );
        faults(router().query::<Q>(answer), &[&fault]);
    }
    fault::<Empty>();
    fault::<Dots>();
    fault::<Ends>();
    fault::<Digit>();
    fault::<Hyphen>();
    fault::<Underscore>();
    fault::<Space>();
    fault::<Foreign>();
    fault::<Long>();
}

#[test]
fn a_name_that_json_rpc_keeps_for_itself() {
    queries! { Discover = "rpc.discover", NoInput => u32; }
    let fault = "the name rpc.discover is reserved: JSON-RPC keeps `rpc.` for itself";
    faults(router().query::<Discover>(answer), &[fault]);
}

subscriptions! {
    OnPrice = "prices.onPrice", "prices.onPrice", NoInput => u32, Log;
    OnEveryPrice = "prices.onEveryPrice", "prices.onPrice", NoInput => u32, State;
    OnReplicas = "onReplicas", "instances", NoInput => Vec<u32>, Members;
}

#[test]
fn two_subscriptions_of_one_namespace() {
    faults(
        router().subscription::<OnPrice>().subscription::<OnEveryPrice>(),
        &[
            "prices.onEveryPrice and prices.onPrice have the same namespace prices.onPrice; give each its own NAMESPACE",
        ],
    );
    faults(
        router().instances().subscription::<OnReplicas>(),
        &[
            "onReplicas and onInstances have the same namespace instances; give each its own NAMESPACE",
        ],
    );
    assert_eq!(OnInstances::NAMESPACE, "instances");
}

#[test]
fn a_namespace_that_is_none() {
    subscriptions! {
        OnEmpty = "onEmpty", "", NoInput => u32, Log;
        OnBraces = "onBraces", "a{b}", NoInput => u32, Log;
    }
    faults(
        router().subscription::<OnEmpty>().subscription::<OnBraces>(),
        &[
            "\"\" cannot be the namespace of onEmpty; use letters, digits and dots, such as prices",
            "\"a{b}\" cannot be the namespace of onBraces; use letters, digits and dots, such as prices",
        ],
    );
}

#[test]
fn errors_that_are_reserved_or_taken() {
    const RESERVED: ErrorKind = ErrorKind::new(-32050, "soldOut", "The item is sold out.");
    const OF_TIDINGS: ErrorKind = ErrorKind::new(1001, "notFound", "There is none.");
    const SOLD_OUT: ErrorKind = ErrorKind::new(1002, "soldOut", "The item is sold out.");
    const SOLD_OUT_TOO: ErrorKind = ErrorKind::new(1003, "soldOut", "The item is sold out.");
    const OF_THIS_CODE: ErrorKind = ErrorKind::new(1002, "closed", "The shop is closed.");
    const NOT_A_NAME: ErrorKind = ErrorKind::new(1004, "sold-out", "The item is sold out.");
    const IN_RANGE: ErrorKind = ErrorKind::new(-32100, "late", "It is late.");
    queries! {
        One = "one", NoInput => u32, &[RESERVED];
        Two = "two", NoInput => u32, &[OF_TIDINGS];
        Three = "three", NoInput => u32, &[SOLD_OUT, SOLD_OUT_TOO];
        Four = "four", NoInput => u32, &[SOLD_OUT, OF_THIS_CODE];
        Five = "five", NoInput => u32, &[NOT_A_NAME];
        Six = "six", NoInput => u32, &[IN_RANGE];
        Seven = "seven", NoInput => u32, &[SOLD_OUT, ErrorKind::NOT_FOUND];
        Eight = "eight", NoInput => u32, &[SOLD_OUT, ErrorKind::NOT_FOUND];
    }
    let taken = "give each a code and a name of its own";
    // Its code is that of brokerUnavailable.
    faults(
        router().query::<One>(answer),
        &[&format!(
            "one declares the error soldOut (-32050), but another error is brokerUnavailable (-32050); {taken}"
        )],
    );
    faults(
        router().query::<Two>(answer),
        &[&format!(
            "two declares the error notFound (1001), but another error is notFound (-32004); {taken}"
        )],
    );
    faults(
        router().query::<Three>(answer),
        &[&format!(
            "three declares the error soldOut (1003), but another error is soldOut (1002); {taken}"
        )],
    );
    faults(
        router().query::<Four>(answer),
        &[&format!(
            "four declares the error closed (1002), but another error is soldOut (1002); {taken}"
        )],
    );
    faults(
        router().query::<Five>(answer),
        &[
            "five declares the error sold-out (1004); write its name in camelCase, with letters and digits only",
        ],
    );
    faults(
        router().query::<Six>(answer),
        &[
            "six declares the error late (-32100), but JSON-RPC reserves the codes from -32768 to -32000; take another, such as 1001",
        ],
    );
    // One error of two procedures is one error.
    let router = router().query::<Seven>(answer).query::<Eight>(answer);
    assert!(Server::new(Config { dev: true, ..Config::default() }, router, ()).is_ok());
}

#[test]
fn an_input_that_has_the_frameworks_own_member() {
    /// Two inputs that have a member `lastEventId`.
    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "the types are what matters")]
    struct Since {
        last_event_id: Option<String>,
    }
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "the types are what matters")]
    struct Deeper {
        #[serde(flatten)]
        since: Since,
    }
    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "the types are what matters")]
    enum Either {
        Since(Since),
        Nothing {},
    }
    subscriptions! {
        OnSince = "onSince", "since", Since => u32, Log;
        OnDeeper = "onDeeper", "deeper", Deeper => u32, Log;
        OnEither = "onEither", "either", Either => u32, Log;
        OnState = "onState", "state", Since => u32, State;
    }
    let fault = |name: &str| {
        format!(
            "the input of {name} has a member lastEventId, which Tidings adds by itself; leave it out"
        )
    };
    faults(router().subscription::<OnSince>(), &[&fault("onSince")]);
    faults(router().subscription::<OnDeeper>(), &[&fault("onDeeper")]);
    faults(router().subscription::<OnEither>(), &[&fault("onEither")]);
    // Nothing is resumed there, so the name is free.
    let router = router().subscription::<OnState>();
    assert!(Server::new(Config { dev: true, ..Config::default() }, router, ()).is_ok());
}

#[test]
fn an_input_that_is_no_object() {
    queries! { Sum = "sum", Vec<u32> => u32; }
    let fault = "the input of sum is not an object but \"array\"; wrap it in a struct, whose members are the parameters";
    faults(router().query::<Sum>(answer), &[fault]);
}

#[test]
fn a_type_that_is_one_thing_in_inputs_and_another_in_answers() {
    /// A member that is optional for clients is always present in the server's messages.
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    struct Item {
        #[serde(default)]
        count: u32,
    }
    /// Sets an item.
    #[derive(JsonSchema)]
    struct SetItem;
    impl Mutation for SetItem {
        const NAME: &'static str = "setItem";
        type Input = Item;
        type Output = Item;
    }
    let fault = "Item means one thing in inputs and another in what the server sends: a type with a `#[serde(default)]` \
        member, for instance, or two types of that name; give the input a type of its own, or rename one of them \
        (`#[schemars(rename = \"…\")]`)";
    faults(router().mutation::<SetItem>(answer), &[fault]);
}

/// Has the name that the events of `onLight` have.
#[derive(Serialize, Deserialize, JsonSchema)]
struct OnLightEvent {
    on: bool,
}

subscriptions! {
    OnLight = "onLight", "lights", NoInput => OnLightEvent, Log;
    OnLightOfAll = "on.light", "all", NoInput => u32, Log;
    OnLightTwice = "onLight", "twice", NoInput => u32, Log;
}

#[test]
fn a_type_or_a_subscription_with_the_name_of_anothers_events() {
    let of_type = "a type is called OnLightEvent, which is the name of a subscription's events; rename the type \
        (`#[schemars(rename = \"…\")]`)";
    faults(router().subscription::<OnLight>(), &[of_type]);
    let of_both = "the events of on.light are called OnLightEvent, as those of another subscription; rename one of them";
    let both = router().subscription::<OnLightTwice>();
    faults(both.subscription::<OnLightOfAll>(), &[of_both]);
}

/// Types of a service that have names of the framework's get other names, and the framework's keep theirs.
#[test]
fn a_type_may_have_a_name_of_the_frameworks() {
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    struct ErrorData {
        mine: bool,
    }
    queries! { Report = "report", NoInput => ErrorData; }
    let document = router().query::<Report>(answer).document().unwrap();
    let schemas = &document["components"]["schemas"];
    assert!(schemas["ErrorData"]["properties"]["retryable"].is_object());
    assert!(schemas["ErrorData2"]["properties"]["mine"].is_object());
    assert_eq!(
        document["methods"][0]["result"]["schema"]["$ref"],
        "#/components/schemas/ErrorData2"
    );
}

#[test]
fn a_retention_that_no_broker_can_keep() {
    /// Streams.
    #[derive(JsonSchema)]
    struct OnForever;
    impl Subscription for OnForever {
        const NAME: &'static str = "onForever";
        type Input = NoInput;
        type Event = u32;
        const FEED: Feed = Feed::State;
        const STATE_RETENTION: Duration = Duration::MAX;
    }
    /// Streams.
    #[derive(JsonSchema)]
    struct OnNobody;
    impl Subscription for OnNobody {
        const NAME: &'static str = "onNobody";
        type Input = NoInput;
        type Event = Vec<u32>;
        const FEED: Feed = Feed::Members;
        const MEMBER_TTL: Duration = Duration::ZERO;
    }
    let fault = |what: &str, time: Duration| {
        format!("{what} is {time:?}; give it between 1 ms and a thousand years")
    };
    let forever = fault("STATE_RETENTION of onForever", Duration::MAX);
    let nobody = fault("MEMBER_TTL of onNobody", Duration::ZERO);
    let router = router().subscription::<OnForever>().subscription::<OnNobody>();
    faults(router, &[&forever, &nobody]);
}

#[test]
fn all_faults_are_told_at_once() {
    queries! { Bad = "get_price", NoInput => u32; }
    let router = router().query::<Bad>(answer).query::<GetPrice>(answer).query::<Prices>(answer);
    let expected = [
        "\"get_price\" is not a procedure name; use letters and digits, and dots between groups, such as prices.onPrice \
         (at most 100 characters)",
        "prices is a procedure, so it cannot be the group of prices.getPrice; rename one of them",
    ];
    faults(router, &expected);
}
