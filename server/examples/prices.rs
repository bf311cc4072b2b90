//! A complete service: clients set prices, and subscribe to the changes of one price.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidings::{Channel, Config, Context, Feed, Mutation, Router, RpcError, Server, Subscription};

/// The price of one symbol.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Price {
    symbol: String,
    cents: u64,
}
/// The symbol of a stock, such as `ACME`.
#[derive(Deserialize, JsonSchema)]
struct Symbol {
    symbol: String,
}
/// Sets a price, and publishes it to the subscribers of the symbol.
#[derive(JsonSchema)]
struct SetPrice;
impl Mutation for SetPrice {
    const NAME: &'static str = "prices.setPrice";
    type Input = Price;
    type Output = Price;
}
/// Streams the price of one symbol: a new subscriber gets the newest price first.
#[derive(JsonSchema)]
struct OnPrice;
impl Subscription for OnPrice {
    const NAME: &'static str = "prices.onPrice";
    type Input = Symbol;
    type Event = Price;
    const FEED: Feed = Feed::State;
    fn channel(input: &Symbol) -> Channel {
        Channel::from_parts(&[&input.symbol])
    }
}
async fn set_price(context: Context<()>, price: Price) -> Result<Price, RpcError> {
    context.publisher.publish::<OnPrice>(&Channel::from_parts(&[&price.symbol]), &price).await?;
    Ok(price)
}
#[tokio::main]
async fn main() -> Result<(), tidings::Error> {
    let router = Router::<()>::new("Prices", "1.0.0").mutation::<SetPrice>(set_price).public();
    Server::new(Config::parse(), router.subscription::<OnPrice>().public(), ())?.run().await
}
