//! `make house`: how large files and functions are, and who knows each other in a circle.

use super::circles::Uses;
use super::source::Source;
use super::sources;
use std::collections::BTreeMap;
use std::fmt;

const FILE: usize = 500;
const FUNCTION: usize = 60;
/// 99 of 100 functions have no more lines than this.
const FUNCTION_P99: usize = 40;
/// Lines of `src` that the present layout is compared with.
const LINES: usize = 62_976;
/// How many of the longest functions are printed.
const LONGEST: usize = 20;

/// Figures of a source tree. Its text is what is printed.
struct House {
    lines: usize,
    /// With paths, longest first.
    files: Vec<(usize, String)>,
    /// With path, line and name, longest first.
    functions: Vec<(usize, String)>,
    circles_of_files: Vec<String>,
    circles_of_folders: Vec<String>,
}

impl House {
    fn of(sources: &BTreeMap<String, String>) -> Self {
        let mut files: Vec<_> = sources.iter().map(|(path, text)| (text.lines().count(), path.clone())).collect();
        files.sort_by(|one, other| other.cmp(one));
        let in_file = |(path, text): (&String, &String)| -> Vec<_> {
            let functions = Source::read(text).functions().into_iter();
            functions.map(|(name, line, length)| (length, format!("{path}:{line} {name}"))).collect()
        };
        let mut functions: Vec<_> = sources.iter().flat_map(in_file).collect();
        functions.sort_by(|one, other| other.cmp(one));
        let uses = Uses::of(sources.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let written = |circles: Vec<Vec<Vec<String>>>| -> Vec<String> {
            let circle =
                |names: Vec<Vec<String>>| -> Vec<String> { names.iter().map(|name| name.join("/")).collect() };
            circles.into_iter().map(|names| circle(names).join(", ")).collect()
        };
        Self {
            lines: files.iter().map(|(lines, _)| lines).sum(),
            circles_of_files: written(uses.circles_of_files()),
            circles_of_folders: written(uses.circles_of_folders()),
            files,
            functions,
        }
    }

    fn p99(&self) -> usize {
        self.functions.get(self.functions.len() / 100).map_or(0, |(lines, _)| *lines)
    }

    /// The limits that are broken.
    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut over = |what: &str, limit: usize, measured: &[(usize, String)]| {
            for (lines, place) in measured.iter().take_while(|(lines, _)| *lines > limit) {
                broken.push(format!("{what} of {lines} lines (limit {limit}): {place}"));
            }
        };
        over("a file", FILE, &self.files);
        over("a function", FUNCTION, &self.functions);
        if self.p99() > FUNCTION_P99 {
            broken.push(format!("the function p99 is {} lines (limit {FUNCTION_P99})", self.p99()));
        }
        broken.extend(self.circles_of_files.iter().map(|circle| format!("files in a circle: {circle}")));
        broken.extend(self.circles_of_folders.iter().map(|circle| format!("folders in a circle: {circle}")));
        broken
    }
}

impl fmt::Display for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let over = |limit, measured: &[(usize, String)]| measured.iter().filter(|(lines, _)| *lines > limit).count();
        let mut row = |what: &str, is: usize, limit: &str| writeln!(f, "{what:<34} {is:>6}   {limit}");
        row("lines of src", self.lines, &format!("beside {LINES}"))?;
        row("files", self.files.len(), "")?;
        row(&format!("files over {FILE} lines"), over(FILE, &self.files), "limit 0")?;
        row("functions", self.functions.len(), "")?;
        row(&format!("functions over {FUNCTION} lines"), over(FUNCTION, &self.functions), "limit 0")?;
        row("function p99, in lines", self.p99(), &format!("limit {FUNCTION_P99}"))?;
        row("circles between files", self.circles_of_files.len(), "limit 0")?;
        row("circles between folders", self.circles_of_folders.len(), "limit 0")?;
        writeln!(f, "longest functions:")?;
        self.functions.iter().take(LONGEST).try_for_each(|(lines, place)| writeln!(f, "{lines:>6} {place}"))
    }
}

#[test]
#[ignore = "run by `make house`, which `make test` runs too"]
#[allow(clippy::print_stdout)] // with --nocapture that is what it is for
fn house() {
    let house = House::of(&sources());
    println!("\n{house}");
    let broken = house.broken();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn what_breaks_a_limit_of_the_house_is_told() {
    let broken = |files: &[(&str, &str)]| {
        House::of(&files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()).broken()
    };
    let small = "fn a() {}\n".repeat(200);
    let function = |lines: usize| format!("fn long(x: [u8; 4]) {{\n{}}}\n", "    f();\n".repeat(lines - 2));
    assert_eq!(broken(&[("a.rs", &small), ("b.rs", &function(60))]), [""; 0]);
    assert_eq!(
        broken(&[("a.rs", &small), ("b.rs", &function(61))]),
        ["a function of 61 lines (limit 60): b.rs:1 long"]
    );
    assert_eq!(broken(&[("b.rs", &function(41))]), ["the function p99 is 41 lines (limit 40)"]);
    assert_eq!(broken(&[("a.rs", &"\n".repeat(500))]), [""; 0]);
    assert_eq!(broken(&[("a.rs", &"\n".repeat(501))]), ["a file of 501 lines (limit 500): a.rs"]);
    assert_eq!(
        broken(&[("a/x.rs", "use crate::b::y::Y;"), ("b/y.rs", "use crate::a::x::X;")]),
        ["files in a circle: a/x, b/y", "folders in a circle: a, b"]
    );
}

#[test]
fn a_function_is_measured_from_its_head_to_its_end() {
    let functions = |text: &str| Source::read(text).functions();
    assert_eq!(functions("\nfn f(\n) -> [u8; 3] {\n  // }\n  \"}\";\n}\n"), [("f".to_owned(), 2, 5)]);
    assert_eq!(functions("trait T {\n fn a(&self);\n fn b() {}\n}"), [("b".to_owned(), 3, 1)]);
    let nested = [("a".to_owned(), 1, 3), ("b".to_owned(), 2, 1)];
    assert_eq!(functions("fn a() {\n fn b() {}\n}\ntype F = fn() -> u8;"), nested);
}
