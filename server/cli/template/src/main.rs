//! The program.

use service::{House, router};
use tidings::{Config, Server};

#[tokio::main]
async fn main() -> Result<(), tidings::Error> {
    let mut config = Config::parse();
    if config.static_dir.is_none() {
        config.static_dir = Some("client/dist".into());
    }
    Server::new(config, router(), House::default())?.run().await
}
