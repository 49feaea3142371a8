//! The sizes that the code keeps, and that no file imports one that imports it: what the compiler does
//! not check inside of a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The longest file in lines, its tests apart.
const LONGEST_FILE: usize = 400;

/// The longest function in lines.
const LONGEST_FUNCTION: usize = 70;

/// A path of names within a crate, such as `store::rules::check_name`.
type Names = Vec<String>;

/// A file of a crate, without its tests.
struct Source {
    path: PathBuf,
    /// Its module.
    module: Names,
    /// Lines of the product.
    lines: usize,
    /// Names and lines of its functions.
    functions: Vec<(String, usize)>,
    /// What it names of its crate.
    uses: BTreeSet<Names>,
    /// Names that it only passes on, and what they are.
    passes_on: BTreeMap<String, Names>,
    /// Modules whose every name it passes on.
    passes_all: Vec<Names>,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_condition = attribute.path().is_ident("cfg");
        let says_test = |list: &syn::MetaList| list.tokens.to_string().split(' ').any(|word| word == "test");
        attribute.path().is_ident("test")
            || (is_condition && attribute.meta.require_list().is_ok_and(says_test))
    })
}

/// Walks a file, whose inline modules count as parts of it.
struct Walk {
    module: Names,
    source: Source,
}

impl Walk {
    /// A path from the root of the crate; `None` for one of another crate.
    fn full_path(&self, path: &Names) -> Option<Names> {
        let mut names = path.iter().map(String::as_str).peekable();
        let mut module = match *names.peek()? {
            "crate" => {
                names.next();
                vec![]
            }
            "self" => {
                names.next();
                self.module.clone()
            }
            "super" => self.module.clone(),
            _ => return None,
        };
        while names.next_if(|name| *name == "super").is_some() {
            module.pop()?;
        }
        module.extend(names.map(str::to_owned));
        Some(module)
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &Names, passes_on: bool) {
        let with = |name: &syn::Ident| [before.as_slice(), &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident), passes_on),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, before, passes_on);
                }
            }
            syn::UseTree::Name(name) if name.ident == "self" => self.name(before, None, passes_on),
            syn::UseTree::Name(name) => self.name(&with(&name.ident), None, passes_on),
            syn::UseTree::Rename(name) => {
                self.name(&with(&name.ident), Some(name.rename.to_string()), passes_on);
            }
            syn::UseTree::Glob(_) => {
                let path = self.local(before);
                if passes_on {
                    self.source.passes_all.push(path);
                } else {
                    self.source.uses.insert(path);
                }
            }
        }
    }

    /// A path as it stands in a `use`, where the first name may be a child of the module.
    fn local(&self, path: &Names) -> Names {
        self.full_path(path).unwrap_or_else(|| [self.module.as_slice(), path].concat())
    }

    fn name(&mut self, path: &Names, renamed: Option<String>, passes_on: bool) {
        let full = self.local(path);
        if passes_on {
            let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
            self.source.passes_on.insert(name, full);
        } else {
            self.source.uses.insert(full);
        }
    }
}

impl<'a> Visit<'a> for Walk {
    fn visit_item(&mut self, item: &'a syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        let passes_on = !matches!(item.vis, syn::Visibility::Inherited);
        self.tree(&item.tree, &vec![], passes_on);
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.function(item.sig.ident.to_string(), item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.function(item.sig.ident.to_string(), item.sig.span().join(item.block.span()).unwrap());
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(full) = self.full_path(&names).filter(|_| names.len() > 1) {
            self.source.uses.insert(full);
        }
        visit::visit_path(self, path);
    }
}

impl Walk {
    fn function(&mut self, name: String, span: proc_macro2::Span) {
        self.source.functions.push((name, span.end().line - span.start().line + 1));
    }
}

/// The lines of a file before its tests.
fn lines_of_product(text: &str) -> usize {
    let tests = text.lines().position(|line| line.trim() == "#[cfg(test)]");
    let is_last = |from: &usize| text.lines().skip(*from).any(|line| line.starts_with("mod tests {"));
    tests.filter(is_last).unwrap_or_else(|| text.lines().count())
}

/// All files below a crate's `src` but those with tests alone.
fn sources(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "conformance" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["tests", "testing", "conformance", "goldens"].contains(&name.as_str())
            {
                found.push(source(root, &path));
            }
        }
    }
    found
}

fn source(root: &Path, path: &Path) -> Source {
    let text = std::fs::read_to_string(path).unwrap();
    let within = path.strip_prefix(root).unwrap().with_extension("");
    let mut module: Names = within.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
        module.pop();
    }
    let source = Source {
        path: path.to_owned(),
        module: module.clone(),
        lines: lines_of_product(&text),
        functions: vec![],
        uses: BTreeSet::new(),
        passes_on: BTreeMap::new(),
        passes_all: vec![],
    };
    let mut walk = Walk { module, source };
    walk.visit_file(&syn::parse_file(&text).unwrap());
    walk.source
}

/// The file that a path leads to, through modules that only pass a name on.
fn target(files: &BTreeMap<&Names, usize>, sources: &[Source], path: &Names, depth: usize) -> Option<usize> {
    let length = (0..=path.len()).rev().find(|&length| files.contains_key(&path[..length].to_vec()))?;
    let at = files[&path[..length].to_vec()];
    let (source, rest) = (&sources[at], &path[length..]);
    let Some(name) = rest.first().filter(|_| depth < 8) else { return Some(at) };
    if let Some(passed) = source.passes_on.get(name) {
        let further = [passed.as_slice(), &rest[1..]].concat();
        return target(files, sources, &further, depth + 1);
    }
    Some(at)
}

/// Groups of files each of which imports, by way of others, all others of its group.
///
/// A module may define what its children use: that a file names what stands above it is no import here.
fn circles(sources: &[Source]) -> Vec<Vec<usize>> {
    let files: BTreeMap<&Names, usize> =
        sources.iter().enumerate().map(|(at, source)| (&source.module, at)).collect();
    let imports: Vec<BTreeSet<usize>> = sources
        .iter()
        .map(|source| {
            let targets = source.uses.iter().filter_map(|path| target(&files, sources, path, 0));
            targets.filter(|&to| !source.module.starts_with(&sources[to].module)).collect()
        })
        .collect();
    let reach: Vec<BTreeSet<usize>> = (0..sources.len()).map(|from| reachable(&imports, from)).collect();
    let mut groups: BTreeSet<Vec<usize>> = BTreeSet::new();
    for from in 0..sources.len() {
        let group: Vec<usize> = reach[from].iter().copied().filter(|&to| reach[to].contains(&from)).collect();
        if !group.is_empty() {
            groups.insert(group);
        }
    }
    groups.into_iter().collect()
}

fn reachable(imports: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        open.extend(imports[at].iter().filter(|&&to| seen.insert(to)));
    }
    seen
}

/// The `src` of every crate.
fn roots() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let members = std::fs::read_dir(top.join("crates")).unwrap();
    let members = members.map(|entry| entry.unwrap().path().join("src")).filter(|path| path.is_dir());
    std::iter::once(top.join("src")).chain(members).collect()
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let mut found = Vec::new();
    for root in roots() {
        let sources = sources(&root);
        for circle in circles(&sources) {
            let names: Vec<String> =
                circle.iter().map(|&at| sources[at].path.display().to_string()).collect();
            found.push(names.join("\n  "));
        }
    }
    assert!(found.is_empty(), "circles of imports:\n  {}", found.join("\n\n  "));
}

#[test]
fn files_and_functions_stay_short() {
    let (mut files, mut functions, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for source in roots().iter().flat_map(|root| sources(root)) {
        files.push(source.lines);
        if source.lines > LONGEST_FILE {
            wrong.push(format!("{}: {} lines", source.path.display(), source.lines));
        }
        for (name, lines) in &source.functions {
            functions.push(*lines);
            if *lines > LONGEST_FUNCTION {
                wrong.push(format!("{}: `{name}` has {lines} lines", source.path.display()));
            }
        }
    }
    let median = |values: &mut Vec<usize>| {
        values.sort_unstable();
        values[values.len() / 2]
    };
    let (file, function) = (median(&mut files), median(&mut functions));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(file <= 120 && function <= 8, "the median file has {file} lines, the median function {function}");
}
