//! Damaged and hostile packages: none may panic, write anything, or take memory that it does not have.
//!
//! `UAIC_FUZZ_BYTES=10000000 cargo test --test integration package_fuzz` changes so many bytes.

use std::collections::BTreeMap;
use std::path::Path;

use rand::{Rng, RngExt};
use uaic::package::{MANIFEST, Package, PredictOptions, WEIGHTS};
use uaic::rng::SeedTree;

/// Mutations of each kind where the environment does not ask for more.
const MUTATIONS: usize = 5000;

/// Most memory that the process may have taken, other tests beside this one included.
const MEMORY: u64 = 3 << 29;

fn golden() -> Package {
    Package::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/package/v1.uaic")).unwrap()
}

/// How long to go on: a number of mutations, or of bytes changed by them.
struct Budget {
    mutations: usize,
    bytes: Option<usize>,
}

impl Budget {
    /// The share of one of `parts` tests.
    fn new(parts: usize) -> Self {
        let bytes =
            std::env::var("UAIC_FUZZ_BYTES").ok().map(|bytes| bytes.parse::<usize>().unwrap() / parts);
        Self { mutations: MUTATIONS, bytes }
    }

    /// Whether to go on after so many more changed bytes.
    fn spend(&mut self, changed: usize) -> bool {
        let (left, spent) = match &mut self.bytes {
            Some(bytes) => (bytes, changed),
            None => (&mut self.mutations, 1),
        };
        *left = left.saturating_sub(spent);
        *left > 0
    }
}

/// Values that lengths, counts and offsets are replaced by.
const EXTREMES: [u32; 8] =
    [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x0000_ffff, 0x0403_4b50];

/// Changes bytes in one of many ways, and gives how many are not what they were.
fn mutate(bytes: &mut Vec<u8>, rng: &mut impl Rng) -> usize {
    if bytes.is_empty() {
        bytes.push(rng.random());
        return 1;
    }
    let length = bytes.len();
    let at = rng.random_range(0..length);
    match rng.random_range(0..9) {
        0 => {
            bytes[at] ^= 1 << rng.random_range(0..8);
            1
        }
        1 => {
            let count = rng.random_range(1..64);
            (0..count).for_each(|_| bytes[rng.random_range(0..length)] = rng.random());
            count
        }
        2 => {
            bytes.truncate(at);
            length - at
        }
        3 => {
            let (count, to) = (rng.random_range(1..400).min(length - at), rng.random_range(0..length));
            let part = bytes[at..at + count].to_vec();
            bytes.splice(to..to, part);
            count
        }
        4 => {
            let end = (at + rng.random_range(1..400)).min(length);
            bytes.drain(at..end);
            end - at
        }
        5 => {
            let value = EXTREMES[rng.random_range(0..EXTREMES.len())].to_le_bytes();
            let end = (at + 4).min(length);
            bytes[at..end].copy_from_slice(&value[..end - at]);
            end - at
        }
        6 => {
            // A header: its fields are near a signature.
            let marks: Vec<usize> =
                (0..length.saturating_sub(50)).filter(|&at| bytes[at..].starts_with(b"PK")).collect();
            let Some(&mark) = marks.get(rng.random_range(0..marks.len().max(1))) else { return 0 };
            let at = mark + rng.random_range(2..48);
            bytes[at] = if rng.random() { rng.random() } else { [0, 1, 8, 0xff][rng.random_range(0..4)] };
            1
        }
        7 => {
            // A number of JSON.
            let digits: Vec<usize> = (0..length).filter(|&at| bytes[at].is_ascii_digit()).collect();
            let Some(&digit) = digits.get(rng.random_range(0..digits.len().max(1))) else { return 0 };
            let numbers: [&[u8]; 8] =
                [b"0", b"-1", b"4294967295", b"1e308", b"99999999999999999999", b"null", b"[]", b"\"\""];
            let number = numbers[rng.random_range(0..numbers.len())];
            bytes.splice(digit..=digit, number.iter().copied());
            number.len()
        }
        _ => {
            let last = bytes[length - 1];
            bytes[length - 1] = last.wrapping_add(rng.random_range(1..=255));
            1
        }
    }
}

/// Uses a package as far as it lets itself be used.
fn use_it(package: &Package) -> bool {
    match package.predictor() {
        Ok(predictor) => {
            // What it says may be an error, but is said.
            let _ = predictor
                .predict(&["show me flights", "", "Zürich 8:30 pm!"], PredictOptions { top: 2, threads: 1 });
            let _ = predictor.explain("what is the fare");
            true
        }
        Err(_) => false,
    }
}

fn check_memory() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kibibytes << 10 < MEMORY, "{kibibytes} KiB of memory were taken");
}

#[test]
fn changed_archives_are_refused() {
    let good = golden().to_bytes();
    let mut rng = SeedTree::new(1).rng("archives");
    let mut budget = Budget::new(3);
    let (mut read, mut total) = (0, 0);
    loop {
        let mut bytes = good.clone();
        let changed = (0..rng.random_range(1..4)).map(|_| mutate(&mut bytes, &mut rng)).sum();
        total += 1;
        if let Ok(package) = Package::from_bytes(&bytes) {
            // Times, extra fields and the like mean nothing; content is as it was.
            assert!(
                package.files().eq(golden_files(&good)
                    .iter()
                    .map(|(name, content)| (name.as_str(), content.as_slice())))
            );
            read += 1;
        }
        if !budget.spend(changed) {
            break;
        }
    }
    assert!(read * 20 < total, "{read} of {total} changed archives were taken for good ones");
    check_memory();
}

fn golden_files(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let package = Package::from_bytes(bytes).unwrap();
    package.files().map(|(name, content)| (name.to_owned(), content.to_vec())).collect()
}

/// As somebody would who knows the format: the hashes are right, and the content is not.
#[test]
fn hostile_content_with_right_hashes_does_no_harm() {
    let good = golden();
    let mut rng = SeedTree::new(1).rng("content");
    let mut budget = Budget::new(3);
    let mut used = 0;
    let names: Vec<&str> = good.files().map(|(name, _)| name).filter(|name| *name != MANIFEST).collect();
    loop {
        let mut files: BTreeMap<String, Vec<u8>> = good
            .files()
            .filter(|(name, _)| *name != MANIFEST)
            .map(|(name, content)| (name.to_owned(), content.to_vec()))
            .collect();
        let mut changed = 0;
        for _ in 0..rng.random_range(1..3) {
            let content = files.get_mut(names[rng.random_range(0..names.len())]).unwrap();
            changed += mutate(content, &mut rng);
        }
        if rng.random_range(0..4) == 0 {
            let weights = files.get_mut(WEIGHTS).unwrap();
            // The header, which says where everything is.
            let at = rng.random_range(0..weights.len().min(600));
            weights[at] = rng.random();
            changed += 1;
        }
        if let Ok(package) = Package::new(good.manifest().clone(), files) {
            used += usize::from(use_it(&package));
        }
        if !budget.spend(changed) {
            break;
        }
    }
    assert!(used > 0, "no change was harmless, which is not to be believed");
    check_memory();
}

#[test]
fn changed_manifests_and_folders_are_refused_and_nothing_is_written() {
    let good = golden();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("package");
    good.write_folder(&path).unwrap();
    let mut rng = SeedTree::new(1).rng("folders");
    let mut budget = Budget::new(3);
    let names: Vec<&str> = good.files().map(|(name, _)| name).collect();
    loop {
        let name = if rng.random() { MANIFEST } else { names[rng.random_range(0..names.len())] };
        let original = good.file(name).unwrap();
        let mut content = original.to_vec();
        let changed = mutate(&mut content, &mut rng);
        std::fs::write(path.join(name), &content).unwrap();
        if let Ok(package) = Package::read(&path) {
            // The words of a manifest may be others, the files may not.
            assert!(name == MANIFEST || content == original, "{name}");
            use_it(&package);
        }
        std::fs::write(path.join(name), original).unwrap();
        if !budget.spend(changed) {
            break;
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), names.len());
    assert_eq!(Package::read(&path).unwrap(), good);
    check_memory();
}
