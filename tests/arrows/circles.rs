//! Circles: files that know each other, directly or by way of others. A parent and its child may; files of different
//! folders may not, and neither may folders.

use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// A module, by its names below the crate: `src/flow/enroll/mod.rs` is `["flow", "enroll"]`.
type Module = Vec<String>;

/// Who uses whom, by name; what is used through `pub use` counts as a use of where it is defined.
pub(super) struct Uses(BTreeMap<Module, BTreeSet<Module>>);

fn module_of(path: &str) -> Module {
    let path = path.trim_end_matches(".rs");
    let names = path.split('/').filter(|name| !["mod", "lib", "main"].contains(name));
    names.map(str::to_owned).collect()
}

/// One is inside the other, or they are the same.
fn are_parent_and_child(one: &[String], other: &[String]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Uses {
    /// `files`: path relative to `src` and text.
    pub(super) fn of<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let sources: BTreeMap<Module, Source> =
            files.map(|(path, text)| (module_of(path), Source::read(text))).collect();
        let passed_on = passed_on(&sources);
        let mut uses = BTreeMap::new();
        for (module, source) in &sources {
            let named = source.paths().into_iter().filter_map(|(path, _)| {
                let (mut place, mut item) = resolve(module, &path, &sources)?;
                let mut steps = 0;
                while let Some(next) = item.as_ref().and_then(|item| passed_on.get(&(place.clone(), item.clone()))) {
                    (place, item) = next.clone();
                    steps += 1;
                    assert!(steps < 20, "{path:?} is passed on in a circle");
                }
                Some(place)
            });
            let used = named.filter(|used| !used.is_empty() && used != module).collect();
            uses.insert(module.clone(), used);
        }
        Self(uses)
    }

    /// Sets of files of more than one folder that know each other, parents and children apart.
    pub(super) fn circles_of_files(&self) -> Vec<Vec<Module>> {
        let folder = |module: &Module| module[..module.len().saturating_sub(1)].to_vec();
        let all = circles(&self.0);
        all.into_iter().filter(|files| files.iter().map(folder).collect::<BTreeSet<_>>().len() > 1).collect()
    }

    /// Sets of folders that know each other, at every depth.
    pub(super) fn circles_of_folders(&self) -> Vec<Vec<Module>> {
        let mut folders: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, used) in &self.0 {
            for used in used.iter().filter(|used| !are_parent_and_child(module, used)) {
                let common = module.iter().zip(used.iter()).take_while(|(one, other)| one == other).count();
                let (from, to) = (module[..=common].to_vec(), used[..=common].to_vec());
                // Two files beside each other are no folders.
                if from.len() < module.len() || to.len() < used.len() || common == 0 {
                    folders.entry(to.clone()).or_default();
                    folders.entry(from).or_default().insert(to);
                }
            }
        }
        circles(&folders)
    }
}

/// What a module passes on by `pub use`: under which name, and where it comes from.
type PassedOn = BTreeMap<(Module, String), (Module, Option<String>)>;

fn passed_on(sources: &BTreeMap<Module, Source>) -> PassedOn {
    let mut passed_on = PassedOn::new();
    for (module, source) in sources {
        for (path, public) in source.paths() {
            let Some(name) = path.last().filter(|_| public) else { continue };
            if let Some(from) = resolve(module, &path, sources).filter(|(place, _)| place != module) {
                passed_on.insert((module.clone(), name.clone()), from);
            }
        }
    }
    passed_on
}

/// The module a path leads to, and the name in it.
fn resolve(
    module: &[String],
    path: &[String],
    sources: &BTreeMap<Module, Source>,
) -> Option<(Module, Option<String>)> {
    let mut place: Module = module.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => (place, rest) = (Vec::new(), &path[1..]),
        "super" | "self" => {
            while let Some(step @ ("super" | "self")) = rest.first().map(String::as_str) {
                if step == "super" {
                    place.pop();
                }
                rest = &rest[1..];
            }
        }
        name => {
            let child = [module, &[name.to_owned()]].concat();
            is_module(&child, sources).then_some(())?;
        }
    }
    while let Some(name) = rest.first() {
        let child = [&place[..], std::slice::from_ref(name)].concat();
        if !is_module(&child, sources) {
            break;
        }
        (place, rest) = (child, &rest[1..]);
    }
    Some((place, rest.first().cloned()))
}

/// A file, or a folder without one of its own.
fn is_module(module: &Module, sources: &BTreeMap<Module, Source>) -> bool {
    sources.range(module.clone()..).next().is_some_and(|(found, _)| found.starts_with(module))
}

/// Sets of more than one whose members all reach each other; parents and children do not count.
fn circles(uses: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<Vec<Module>> {
    let names: Vec<&Module> = uses.keys().collect();
    let place = |module: &Module| names.binary_search(&module).ok();
    let next = |(module, used): (&Module, &BTreeSet<Module>)| -> Vec<usize> {
        used.iter().filter(|used| !are_parent_and_child(module, used)).filter_map(place).collect()
    };
    let next: Vec<Vec<usize>> = uses.iter().map(next).collect();
    let reach = |from: usize| {
        let (mut seen, mut due) = (vec![false; names.len()], vec![from]);
        while let Some(at) = due.pop() {
            due.extend(next[at].iter().filter(|next| !std::mem::replace(&mut seen[**next], true)));
        }
        seen
    };
    let reached: Vec<Vec<bool>> = (0..names.len()).map(reach).collect();
    let ring = |at: usize| -> Vec<usize> {
        (0..names.len()).filter(|other| reached[at][*other] && reached[*other][at]).collect()
    };
    let found: BTreeSet<Vec<usize>> = (0..names.len()).map(ring).filter(|ring| ring.len() > 1).collect();
    found.into_iter().map(|ring| ring.into_iter().map(|at| names[at].clone()).collect()).collect()
}
