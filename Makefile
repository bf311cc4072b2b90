# `make help` lists the targets.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules
.DEFAULT_GOAL := help

npm     := npm --prefix client-ts
modules := client-ts/node_modules/.package-lock.json
page    := client-ts/demo/dist
interop := server/tests/interop
proxies := server/tests/proxies
peers   := server/benches/peers
target  := $(abspath $(or $(CARGO_TARGET_DIR),target))

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- See it

# The development profile: it compiles in half the time, and one process for a few windows needs no more.
.PHONY: demo
demo: page ## Run one process with demo updates and the page: http://localhost:3001
	cargo run --locked -p tidings-demo -- serve --listen 127.0.0.1:3001 --static-dir $(page) --demo --dev

.PHONY: fleet
fleet: page binaries ## Run Valkey, three replicas, nginx and a publisher: http://localhost:3001
	cargo run --locked -p tidings-testkit --bin fleet -- --static-dir $(page)

.PHONY: dev
dev: $(modules) ## Serve the page with hot reload on port 5173, in front of a running `make demo`
	$(npm) run dev

# The development profile here, too. The packages go into the program, so that `tidings new` works wherever it is.
.PHONY: cli
cli: packages ## Install the program `tidings`, which works with any service and makes new ones
	TIDINGS_PACKAGES=$(target)/packages cargo install --locked --debug --force --path server/cli \
	  --config 'profile.dev.package.tidings-cli.strip="debuginfo"'

# --- Check it

.PHONY: install
install: ## Install what tests and `make fleet` need: Valkey, nginx, HAProxy, Chromium (Debian, Ubuntu)
	.ci/install

# `-k` continues after a failure, so one run reports every failure; `make` still fails.
.PHONY: test
test: install ## Install what the tests need, then run everything
	$(MAKE) --no-print-directory -k lint check-contract check-compose test-rust test-portable test-client test-browser test-interop test-new

.PHONY: lint lint-rust lint-client
lint: lint-rust lint-client ## Check format, lints, types and documentation

lint-rust:
	@wanted=$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml); \
	if ! rustc --version | grep -q "^rustc $$wanted\."; then \
	  echo "Cargo.toml promises Rust $$wanted, and this is $$(rustc --version): the promise is not checked"; \
	  [ -z "$${CI:-}" ]; \
	fi
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps

lint-client: $(modules)
	$(npm) run lint
	$(npm) run types

.PHONY: check-contract
check-contract: $(modules) ## Check that generated files are what the Rust types say
	cargo run --locked -p tidings-demo-contract -- check
	$(npm) run check:contract

.PHONY: check-compose
check-compose:
	@if docker compose version >/dev/null 2>&1; then \
	  docker compose config --quiet && echo 'compose.yaml is valid'; \
	else \
	  echo 'compose.yaml is not checked: there is no Docker Compose here'; \
	fi

.PHONY: test-rust
test-rust: ## Run the Rust tests
	cargo test --locked --workspace --no-fail-fast

# Tests the fallbacks of server/src/platform.rs, which macOS and Windows use. cargo recompiles everything when RUSTFLAGS
# change, so these tests use a separate target folder.
.PHONY: test-portable
test-portable: ## Run the Rust tests with the fallbacks for other operating systems
	RUSTFLAGS='--cfg tidings_portable' CARGO_TARGET_DIR=$(target)/portable cargo test --locked --workspace --no-fail-fast

.PHONY: test-client
test-client: $(modules) tested-binaries ## Run the tests of the npm packages
	$(npm) test

.PHONY: test-browser
test-browser: page tested-binaries ## Run the tests of the page, in Chromium
	$(npm) run e2e

# Clients and tools of other people.
.PHONY: test-interop
test-interop: tested-binaries ## Run the tests with other people's clients and tools
	$(interop)/setup
	npm --prefix $(interop) test

# A user's first minutes, with packages instead of this workspace.
.PHONY: test-new
test-new: packages ## Run the test of `tidings new`: a project outside of this repository
	cargo build --locked -p tidings-cli
	CARGO_TARGET_DIR=$(target)/new-project server/cli/tests/new-project $(target)/debug/tidings $(target)/packages

# `make test` runs nginx and HAProxy, this the others. It fails where one of them cannot be installed.
.PHONY: test-proxies
test-proxies: install ## Install Caddy, Apache, Envoy, Varnish, h2o and lighttpd, and run the tests behind them
	.ci/install proxies
	$(proxies)/setup
	PATH="$(abspath $(proxies))/.venv/bin:$$PATH" cargo test --locked -p tidings-demo --test proxies -- --ignored

# Faults, jitter and a reconnect storm at full size; `make test` has a short form of the faults. Figures depend on what
# else the machine does. `make chaos CHAOS='faults --fault upgrade --before PROGRAM'` runs a part of it; the rolling upgrade needs
# a `tidings-demo` from before.
CHAOS :=

.PHONY: chaos
chaos: install ## Break fleets under load for fifteen minutes, and print what their clients lost by it
	cargo build --locked --release -p tidings-demo -p tidings-testkit --bins
	cargo run --locked --release -p tidings-testkit --bin chaos -- $(CHAOS)

# Two cores with nothing else to do, or the figures are of that. `make bench BENCH='--scenario paced --runs 3'` runs a part of
# it, and then the committed figures are not touched.
BENCH := --json ../benches/fan-out.json --chart ../benches/fan-out.svg

.PHONY: bench
bench: install $(peers)/node_modules/.package-lock.json ## Measure what a delivery costs, beside other servers: an hour
	cargo bench --locked -p tidings-demo --bench fan_out -- $(BENCH)

$(peers)/node_modules/.package-lock.json: $(peers)/package.json $(peers)/package-lock.json
	npm --prefix $(peers) ci --no-audit --no-fund
	@touch $@

.PHONY: verify
verify: test test-proxies chaos bench ## Run all tests, also those behind every proxy, the faults and the bench: 2 hours

# --- Change it

.PHONY: format
format: $(modules) ## Format everything
	cargo fmt --all
	$(npm) run format

.PHONY: generate
generate: $(modules) ## Regenerate the contract's files: from Rust types to schema/, from there to client-ts/
	cargo run --locked -p tidings-demo-contract -- generate
	$(npm) run generate

.PHONY: clean
clean: ## Remove what was built
	cargo clean
	rm -rf client-ts/node_modules client-ts/*/dist $(interop)/node_modules $(interop)/.venv $(proxies)/.venv $(peers)/node_modules

.PHONY: packages
packages: $(modules) ## Pack what `tidings new` needs, the crates and npm packages of Tidings: target/packages
	rm -rf $(target)/package $(target)/packages
	mkdir -p $(target)/packages
	cargo package --locked --no-verify --allow-dirty -p tidings-contract -p tidings
	cp $(target)/package/*.crate $(target)/packages
	cd client-ts && npm pack --silent -w client -w codegen --pack-destination $(target)/packages

# --- What the above need

.PHONY: page
page: $(modules)
	$(npm) run build:demo

.PHONY: binaries
binaries:
	cargo build --locked -p tidings-demo -p tidings-testkit --bins

# With the libraries' features that `cargo test` has compiled, so that nothing is compiled twice.
.PHONY: tested-binaries
tested-binaries:
	cargo test --locked --workspace --no-run

$(modules): client-ts/package.json client-ts/package-lock.json client-ts/client/package.json client-ts/codegen/package.json client-ts/demo/package.json
	$(npm) ci --no-audit --no-fund
	@touch $@
