//! `glasskey keys`.

use crate::support::{Keys, Typist};

#[test]
fn version_smoke() {
    let keys = Keys::serve(1);
    assert_eq!(keys.run(["--version"]).code, 0);
    let (_, run) = Typist::start(&keys.bare(["--version"])).end();
    assert_eq!(run.stdout, keys.run(["--version"]).stdout);
    assert_eq!(run.code, 0);
}
