//! The program.

use std::path::Path;

use service::{House, router};
use tidings::{Config, Server};

#[tokio::main]
async fn main() -> Result<(), tidings::Error> {
    let mut config = Config::parse();
    let page = Path::new("client/dist");
    if config.static_dir.is_none() {
        if page.join("index.html").is_file() {
            config.static_dir = Some(page.into());
        } else {
            eprintln!("There is no page yet. Build it: npm --prefix client run setup");
        }
    }
    Server::new(config, router(), House::default())?.run().await
}
