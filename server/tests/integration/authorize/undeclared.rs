use schemars::JsonSchema;
use serde_json::json;
use tidings::{
    Action, Config, Context, Error, Feed, Mutation, NoInput, Query, Router, RpcError, Server,
    Subscription,
};
use tokio::net::TcpListener;

use crate::support::{TestBroker, TestServer};

/// Answers 1.
#[derive(JsonSchema)]
struct One;

impl Query for One {
    const NAME: &'static str = "numbers.one";
    type Input = NoInput;
    type Output = u32;
}

/// Answers 1.
#[derive(JsonSchema)]
struct SetOne;

impl Mutation for SetOne {
    const NAME: &'static str = "numbers.setOne";
    type Input = NoInput;
    type Output = u32;
}

/// Streams numbers.
#[derive(JsonSchema)]
struct OnNumber;

impl Subscription for OnNumber {
    const NAME: &'static str = "numbers.onNumber";
    type Input = NoInput;
    type Event = u32;
    const FEED: Feed = Feed::Log;
}

async fn one(_: Context<()>, _: NoInput) -> Result<u32, RpcError> {
    Ok(1)
}

/// Declares access for one procedure only.
fn router() -> Router<()> {
    Router::<()>::new("Numbers", "1.0.0")
        .query::<One>(one)
        .mutation::<SetOne>(one)
        .subscription::<OnNumber>()
        .instances()
        .public()
}

fn new(args: &[&str]) -> Result<Server<()>, Error> {
    Server::new(TestBroker::memory().config(args), router(), ())
}

#[test]
fn a_server_whose_procedures_do_not_say_who_may_call_them_is_not_made() {
    let error = new(&[]).unwrap_err();
    let Error::Undeclared(names) = &error else { panic!("{error}") };
    assert_eq!(names, &["numbers.one", "numbers.setOne", "numbers.onNumber"]);
    let message = "who may call numbers.one, numbers.setOne, numbers.onNumber? Add .public() or \
        .authorize(handler) to each in the router, or start with --dev (TIDINGS_DEV=1) on loopback while you develop";
    assert_eq!(error.to_string(), message);
    assert_eq!(format!("{error:?}"), message, "what main() shows of it");
}

/// The last procedure is one, too.
#[test]
fn the_last_procedure_has_to_say_it_as_well() {
    let router = Router::<()>::new("Numbers", "1.0.0").query::<One>(one).public();
    let router = router.subscription::<OnNumber>();
    let error = Server::new(Config::default(), router, ()).unwrap_err();
    let Error::Undeclared(names) = &error else { panic!("{error}") };
    assert_eq!(names, &["numbers.onNumber"]);
}

#[tokio::test]
async fn development_mode_serves_them_on_loopback() {
    let server = TestServer::serve(new(&["--dev"]).unwrap(), None).await;
    let mut client = server.client().await;
    assert_eq!(client.call("numbers.one", json!({})).await["result"], 1);
    assert_eq!(client.call("numbers.setOne", json!({})).await["result"], 1);
    client.subscribe("numbers.onNumber", json!({})).await;
    drop(client);
    server.end().await;
}

#[tokio::test]
async fn development_mode_listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let error = new(&["--dev", "--listen", address]).unwrap_err().to_string();
        let expected = format!(
            "development mode (--dev, TIDINGS_DEV) serves undeclared procedures, so it listens on loopback only, and not on \
             {address}: listen on 127.0.0.1, or say in the router who may call each procedure"
        );
        assert_eq!(error, expected);
    }
    assert!(new(&["--dev", "--listen", "[::1]:0"]).is_ok());

    // A listener that the service made itself.
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = new(&["--dev"]).unwrap().serve(listener, std::future::pending()).await;
    assert!(error.unwrap_err().to_string().contains("loopback only"));
}

/// `my-service openrpc` works while the service is being written.
#[test]
fn the_document_can_be_had_before_it_is_said() {
    let server = new(&["openrpc"]).unwrap();
    assert!(server.document().contains("numbers.onNumber"));
}

/// `my-service openrpc` makes a server that prints its document, and serves nobody.
#[tokio::test]
async fn a_server_that_was_made_to_print_its_document_does_not_serve() {
    let mut config = TestBroker::memory().config(&[]);
    config.action = Action::PrintDocument;
    let server = Server::new(config, router(), ()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = server.serve(listener, std::future::ready(())).await.unwrap_err();
    assert!(matches!(error, Error::Undeclared(_)), "{error}");
}
