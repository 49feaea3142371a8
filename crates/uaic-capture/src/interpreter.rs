//! Which Python a program is run by, and where that has its packages. Nothing is started to find out.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Programs that start Python in an environment of their own.
const LAUNCHERS: [&str; 8] = ["uv", "poetry", "pdm", "hatch", "pipenv", "pixi", "conda", "mamba"];

/// A Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The program.
    pub(crate) path: PathBuf,
    /// `3.11.7`, or as much as can be seen.
    pub(crate) version: Option<String>,
    /// Folders of packages.
    pub(crate) packages: Vec<PathBuf>,
    /// The environment that it is of.
    pub(crate) environment: Option<PathBuf>,
}

/// Whether a program is Python by its name.
pub(crate) fn is_python(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    let rest = ["python", "pypy"].iter().find_map(|python| name.strip_prefix(python));
    rest.is_some_and(|rest| rest.chars().all(|letter| letter.is_ascii_digit() || ".w".contains(letter)))
}

/// The Python that a program is run by, if it is one or names one: `python`, a script with `#!`, a launcher
/// within an environment, a shell script that gets a `.py` file.
pub(crate) fn find(program: &[OsString], folder: &Path) -> Option<Interpreter> {
    let first = program.first()?.to_str()?;
    if let Some(path) = on_path(first, folder) {
        if is_python(first) {
            return Some(Interpreter::at(&behind_shim(&path, folder).unwrap_or(path)));
        }
        if let Some(python) = of_script(&path, folder) {
            return Some(Interpreter::at(&python));
        }
    }
    let name = first.rsplit('/').next().unwrap_or(first);
    let names_python = |argument: &OsString| {
        argument.to_str().is_some_and(|text| {
            Path::new(text).extension() == Some("py".as_ref()) || is_python(text) || text.contains("python ")
        })
    };
    let is_likely = LAUNCHERS.contains(&name) || program.iter().skip(1).any(names_python);
    is_likely.then(|| of_environment(folder)).flatten()
}

/// The Python of the environment that is active, or lies in the folder, or is on the path.
fn of_environment(folder: &Path) -> Option<Interpreter> {
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(env::var_os).map(PathBuf::from);
    let roots = active.chain([folder.join(".venv"), folder.join("venv")]);
    let python = roots.map(|root| root.join("bin/python")).find(|python| python.exists());
    python
        .or_else(|| on_path("python", folder))
        .or_else(|| on_path("python3", folder))
        .map(|path| Interpreter::at(&path))
}

/// Where a program is, as a shell finds it.
pub(crate) fn on_path(program: &str, folder: &Path) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(folder.join(program)).filter(|path| path.is_file());
    }
    let is_program = |path: &PathBuf| {
        path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|place| folder.join(place).join(program)).find(is_program)
}

/// The Python that pyenv's stand-in starts: that of the environment, of the folder, or of the user.
fn behind_shim(path: &Path, folder: &Path) -> Option<PathBuf> {
    let shims = path.parent().filter(|folder| folder.ends_with("shims"))?;
    let root = shims.parent()?;
    let first_word = |text: String| text.split_whitespace().next().map(str::to_owned);
    let of_file = |path: PathBuf| fs::read_to_string(path).ok().and_then(first_word);
    let version = env::var("PYENV_VERSION").ok().and_then(first_word);
    let version =
        version.or_else(|| folder.ancestors().find_map(|folder| of_file(folder.join(".python-version"))));
    let version = version.or_else(|| of_file(root.join("version")))?;
    let is_name = !version.contains('/') && version != "..";
    let python = root.join("versions").join(&version).join("bin/python");
    if is_name && python.exists() {
        return Some(python);
    }
    // `system`: what comes after the stand-ins on the path.
    let places = env::var_os("PATH")?;
    let later = env::split_paths(&places).filter(|place| !place.ends_with("shims"));
    later.map(|place| place.join("python3")).find(|python| python.exists())
}

/// The Python that a script names in its first line.
fn of_script(path: &Path, folder: &Path) -> Option<PathBuf> {
    let mut beginning = [0; 256];
    let read = File::open(path).ok()?.read(&mut beginning).ok()?;
    let line = beginning[..read].strip_prefix(b"#!")?;
    let line = String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next()?).into_owned();
    let mut words = line.split_whitespace();
    let program = words.next()?;
    if is_python(program) {
        return Some(PathBuf::from(program));
    }
    let named = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
    (program.ends_with("/env") && is_python(named)).then(|| on_path(named, folder)).flatten()
}

impl Interpreter {
    /// A Python by its program.
    fn at(path: &Path) -> Self {
        let root = path.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        match fs::read_to_string(root.join("pyvenv.cfg")) {
            Ok(settings) => Self::of_venv(path, &root, &settings),
            Err(_) => Self::of_system(path),
        }
    }

    /// That of a virtual environment.
    fn of_venv(path: &Path, root: &Path, settings: &str) -> Self {
        let setting = |name: &str| {
            let lines = settings.lines().filter_map(|line| line.split_once('='));
            let mut named = lines.filter(|(key, _)| key.trim() == name);
            named.next().map(|(_, value)| value.trim().to_owned())
        };
        let mut packages = libraries(root);
        if setting("include-system-site-packages").is_some_and(|value| value == "true")
            && let Some(home) = setting("home").map(PathBuf::from)
        {
            packages.extend(Self::of_system(&home.join("python3")).packages);
        }
        let version = setting("version").or_else(|| setting("version_info"));
        Self { path: path.to_owned(), version, packages, environment: Some(root.to_owned()) }
    }

    /// That of a system, of conda, or of pyenv.
    fn of_system(path: &Path) -> Self {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let root = real.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        let mut packages = libraries(&root);
        if root == Path::new("/usr") {
            packages.extend(libraries(Path::new("/usr/local")));
        }
        if let Some(home) = env::var_os("HOME") {
            packages.extend(libraries(&Path::new(&home).join(".local")));
        }
        let name = real.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let of_name = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let version = of_conda(&root).or_else(|| (!of_name.is_empty()).then(|| of_name.to_owned()));
        if let Some(minor) = &version {
            packages.retain(|folder| is_for(folder, minor));
        }
        let environment = root.join("conda-meta").is_dir().then_some(root);
        Self { path: path.to_owned(), version, packages, environment }
    }
}

/// Whether a folder of packages is one of a version: that of `python3`, or of the same number.
fn is_for(folder: &Path, version: &str) -> bool {
    let lib = folder.parent().and_then(Path::file_name).and_then(OsStr::to_str).unwrap_or_default();
    let number = lib.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    number == "3" || version == number || version.starts_with(&format!("{number}."))
}

/// The version of a conda environment's Python: `conda-meta/python-3.11.7-….json`.
fn of_conda(root: &Path) -> Option<String> {
    let names = fs::read_dir(root.join("conda-meta"))
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut versions = names.filter_map(|name| {
        let version = name.strip_prefix("python-")?.split('-').next()?.to_owned();
        version.starts_with(|letter: char| letter.is_ascii_digit()).then_some(version)
    });
    versions.next()
}

/// The folders of packages below a root: `lib/python3.11/site-packages`, `lib/python3/dist-packages`.
fn libraries(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for lib in ["lib", "lib64"].map(|lib| root.join(lib)) {
        let is_link = lib.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let Ok(entries) = fs::read_dir(&lib) else { continue };
        if is_link {
            continue;
        }
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| is_python(name) && name.contains('3')) {
                let places = ["site-packages", "dist-packages"].map(|place| entry.path().join(place));
                found.extend(places.into_iter().filter(|place| place.is_dir()));
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn names_of_python_are_known() {
        for name in ["python", "python3", "/usr/bin/python3.11", "pypy3", "pythonw"] {
            assert!(is_python(name), "{name}");
        }
        for name in ["python-config", "ipython", "pythonic", "py", "sh"] {
            assert!(!is_python(name), "{name}");
        }
    }

    #[test]
    fn an_environment_is_found_from_program_script_and_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(".venv");
        let site = root.join("lib/python3.12/site-packages");
        fs::create_dir_all(&site).unwrap();
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(
            root.join("pyvenv.cfg"),
            "home = /none\ninclude-system-site-packages = false\nversion = 3.12.1\n",
        )
        .unwrap();
        let python = root.join("bin/python");
        fs::write(&python, "").unwrap();
        fs::write(folder.path().join("tool"), format!("#!{}\n", python.display())).unwrap();
        for line in [".venv/bin/python train.py", "./tool --lr 1"] {
            let found = find(&program(line), folder.path()).unwrap();
            assert_eq!(found.version.as_deref(), Some("3.12.1"), "{line}");
            assert_eq!(
                (found.packages, found.environment),
                (vec![site.clone()], Some(root.clone())),
                "{line}"
            );
        }
        assert_eq!(find(&program("true"), folder.path()), None);
        assert_eq!(find(&program("no-such-program x"), folder.path()), None);
    }
}
