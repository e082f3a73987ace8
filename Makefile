# Two commands for a machine that has only Debian and Rust on it:
#   make demo   the whole story, with software keys and a simulated AWS
#   make test   everything that is checked before a change is taken
# Both install the Debian packages they miss, and say which (scripts/prepare).

.PHONY: demo test

demo:
	@scripts/prepare demo
	cargo run --quiet -- demo

test:
	@scripts/prepare test
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	# Where there is no PC/SC: the software keys do without.
	cargo clippy --no-default-features -- -D warnings
	cargo test
