//! Tables that other programs wrote (`fixtures/make_tables.py`), and what is made of broken ones.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn read(name: &str, columns: &[&str]) -> Result<Table, TableError> {
    Source::open(&path(name))?.read(columns)
}

/// The rows that the files hold, with or without every seventh value.
fn rows(has_holes: bool) -> [Values; 4] {
    fn some<T>(has_holes: bool, value: impl Fn(i64) -> T) -> Vec<Option<T>> {
        (0..60).map(|row| (!has_holes || row % 7 != 6).then(|| value(row))).collect()
    }
    let text = |row: i64| ["cat", "dog", "ü,\"x\""][row as usize % 3].to_owned();
    [
        Values::Integers(some(has_holes, |row| row * row - 100)),
        Values::Floats(some(has_holes, |row| row as f64 / 7.0)),
        Values::Booleans(some(has_holes, |row| row % 3 == 0)),
        Values::Texts(some(has_holes, text)),
    ]
}

#[test]
fn tables_of_other_programs_are_read() {
    for (name, has_holes) in [
        ("snappy.parquet", true),
        ("zstd_v2.parquet", true),
        ("polars.parquet", true),
        ("gzip_plain.parquet", false),
        ("encoded.parquet", false),
        ("stored.npz", false),
        ("deflated.npz", false),
        ("semicolons.csv", true),
        ("pandas.csv", true),
        ("pandas.jsonl", true),
    ] {
        let table = read(name, &["i", "f", "b", "t"]).unwrap();
        assert_eq!(table.rows, 60, "{name}");
        for (column, wanted) in table.columns.iter().zip(rows(has_holes)) {
            // What has holes are floats to pandas; its JSON has ten digits.
            let numbers =
                |values: &Values| -> Vec<Option<f64>> { (0..60).map(|row| values.number(row)).collect() };
            match (&column.values, &wanted) {
                (Values::Texts(_), _) | (_, Values::Texts(_)) => assert_eq!(column.values, wanted, "{name}"),
                (own, wanted) => {
                    for (own, wanted) in numbers(own).into_iter().zip(numbers(wanted)) {
                        let close = own.zip(wanted).is_some_and(|(a, b)| (a - b).abs() < 1e-9);
                        assert!(close || own == wanted, "{name} {}: {own:?} {wanted:?}", column.name);
                    }
                }
            }
        }
    }
    assert_eq!(
        read("encoded.parquet", &["f", "i"]).unwrap().columns[0].values,
        rows(false)[1],
        "bit for bit"
    );
    assert_eq!(read("polars.parquet", &["i"]).unwrap().columns[0].values, rows(true)[0]);
}

#[test]
fn numbers_of_every_size_and_categories_are_read() {
    let table = read("types.parquet", &["u8", "u32", "f32", "category", "decimal"]).unwrap();
    let at = |column: usize, row: usize| table.columns[column].values.number(row).unwrap();
    let bits = |numbers: [f64; 4]| numbers.map(f64::to_bits);
    let seen = [at(0, 59), at(1, 1), at(2, 3), at(4, 2)];
    assert_eq!(bits(seen), bits([59.0, 4_294_967_294.0, 0.75, 0.5]));
    assert_eq!(table.columns[3].values.label(1).unwrap(), "dog");
    let error = read("types.parquet", &["list.list.element"]).unwrap_err().to_string();
    assert!(error.contains("is nested"), "{error}");
}

#[test]
fn arrays_of_two_dimensions_are_columns_of_several_numbers() {
    for (name, column) in [
        ("stored.npz", "scores"),
        ("deflated.npz", "scores"),
        ("stored.npz", "by_column"),
        ("lists.jsonl", "scores"),
    ] {
        let table = read(name, &[column]).unwrap();
        assert_eq!((table.columns[0].width, table.rows), (2, 60), "{name}");
        let Values::Floats(values) = &table.columns[0].values else { panic!("{name}") };
        assert!((0..120).all(|at| values[at] == Some(at as f64 / 8.0)), "{name} {column}: {values:?}");
    }
    let table = read("stored.npz", &["half", "bytes"]).unwrap();
    let halves: Vec<f64> = (0..4).map(|row| table.columns[0].values.number(row).unwrap()).collect();
    assert_eq!(halves[..3], [0.5, -2.0, f64::INFINITY]);
    assert!((halves[3] - 5.96e-8).abs() < 1e-10);
    assert_eq!(table.columns[1].values.label(1).unwrap(), "c");
}

#[test]
fn what_is_not_read_says_so() {
    let told = |name: &str, columns: &[&str]| read(name, columns).unwrap_err().to_string();
    assert!(told("lz4.parquet", &["i"]).contains("compressed by LZ4"));
    assert!(
        told("objects.npz", &["o"]).contains("neither numbers nor texts"),
        "{}",
        told("objects.npz", &["o"])
    );
    assert!(told("pandas.csv", &["g"]).contains("has no column `g`; it has `i`, `f`, `b`, `t`"));
    let of = |text: &str, columns: &[&str]| {
        let source = Source::of_bytes("p.csv", text.as_bytes().to_vec());
        source.and_then(|mut source| source.read(columns)).unwrap_err().to_string()
    };
    assert_eq!(of("gold,p\n1,2\n1,2,3\n", &["gold"]), "p.csv:3: 3 cells where the head has 2");
    assert_eq!(of("gold,p\n", &["glod"]), "p.csv has no column `glod`; did you mean `gold`?");
    assert_eq!(of("a,a\n1,2\n", &["a"]), "p.csv has several columns `a`");
    assert_eq!(
        of("{\"a\": 1}\n{\"a\": }\n", &["a"]),
        "p.csv:2: not a JSON object: expected value at column 7"
    );
    assert!(of("{\"a\": [1, 2]}\n{\"a\": [1]}\n", &["a"]).contains("p.csv:2: `a` has 1 numbers"));
    assert!(read("nothing.csv", &[]).unwrap_err().kind() == uaic_wording::ErrorKind::NotFound);
}

#[test]
fn lines_are_counted_as_editors_do() {
    let text = "\n\na,b\n1,\"two\nlines\"\n3,x\n";
    let table = Source::of_bytes("p.csv", text.as_bytes().to_vec()).unwrap().read(&["a"]).unwrap();
    assert_eq!([table.place(0), table.place(1)], ["p.csv:4", "p.csv:6"]);
    let text = "{\"a\": 1}\n\n{\"a\": 2}";
    let table = Source::of_bytes("p.jsonl", text.as_bytes().to_vec()).unwrap().read(&["a"]).unwrap();
    assert_eq!(table.place(1), "p.jsonl:3");
    assert_eq!(read("stored.npz", &["i"]).unwrap().place(0).split(' ').next(), Some("row"));
}

fn values() -> impl Strategy<Value = Vec<Values>> {
    (0_usize..70).prop_flat_map(|rows| {
        let integers = prop::collection::vec(prop::option::of(any::<i64>()), rows);
        let floats = prop::collection::vec(prop::option::of(any::<f64>()), rows);
        let booleans = prop::collection::vec(prop::option::of(any::<bool>()), rows);
        let texts = prop::collection::vec(prop::option::of(".{0,9}"), rows);
        (integers, floats, booleans, texts).prop_map(|(integers, floats, booleans, texts)| {
            vec![
                Values::Integers(integers),
                Values::Floats(floats),
                Values::Booleans(booleans),
                Values::Texts(texts),
            ]
        })
    })
}

/// NaN is not equal to itself; bits are.
fn bits(values: &Values) -> Vec<Option<u64>> {
    match values {
        Values::Floats(values) => values.iter().map(|value| value.map(f64::to_bits)).collect(),
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn what_is_written_as_parquet_is_read(values in values()) {
        let rows = values[0].len();
        let columns = ["i", "f", "b", "t"].into_iter().zip(values);
        let columns: Vec<Column> =
            columns.map(|(name, values)| Column { name: name.to_owned(), width: 1, values }).collect();
        let table = Table { columns, rows, ..Table::default() };
        let bytes = write_parquet(&table, &[("key", "what is said")]).unwrap();
        let mut source = Source::of_bytes("x", bytes).unwrap();
        prop_assert_eq!(source.note("key").unwrap(), Some("what is said".to_owned()));
        let again = source.read(&["i", "f", "b", "t"]).unwrap();
        prop_assert_eq!(again.rows, rows);
        for (own, wanted) in again.columns.iter().zip(&table.columns) {
            if wanted.name == "f" {
                prop_assert_eq!(bits(&own.values), bits(&wanted.values));
            } else {
                prop_assert_eq!(&own.values, &wanted.values);
            }
        }
    }

    #[test]
    fn any_bytes_end_with_a_table_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), head in 0..4_usize) {
        let start: [&[u8]; 4] = [b"", b"PAR1", b"PK\x03\x04", b"{"];
        take_all([start[head], &bytes].concat());
    }
}

/// Reads every column of a file that may be broken.
fn take_all(bytes: Vec<u8>) -> bool {
    let Ok(mut source) = Source::of_bytes("x", bytes) else { return false };
    let names: Vec<String> = source.columns().iter().map(|column| column.name.clone()).collect();
    // Not `all`, which stops at the first that cannot be read.
    names.iter().map(|name| source.read(&[name.as_str()]).is_ok()).filter(|is_read| *is_read).count()
        == names.len()
}

/// Every file with bytes changed, cut out, put in, or cut off.
fn mutate(cases: usize) {
    let files: Vec<(String, Vec<u8>)> = std::fs::read_dir(path(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end != "py"))
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut read = 0;
    for case in 0..cases {
        let (_, bytes) = &files[case % files.len()];
        let mut bytes = bytes.clone();
        for _ in 0..=next(3) {
            // Heads and ends are where most depends on each byte.
            let at = match next(3) {
                0 => next(bytes.len()),
                1 => next(bytes.len().min(200)),
                _ => bytes.len() - 1 - next(bytes.len().min(900)),
            };
            match next(8) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, next(256) as u8),
                2 => bytes[at] = [0, 0x7f, 0x80, 0xff][next(4)],
                3 => bytes[at] ^= 1 << next(8),
                _ => bytes[at] = next(256) as u8,
            }
            if next(40) == 0 {
                bytes.truncate(next(bytes.len()));
            }
            if bytes.is_empty() {
                break;
            }
        }
        read += usize::from(take_all(bytes));
    }
    assert!(read > cases / 20 && read < cases, "{read} of {cases} could be read");
}

#[test]
fn changed_bytes_end_with_a_table_or_an_error() {
    mutate(6_000);
}

/// The same a million times: `cargo test --release -p uaic-table -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn a_million_changed_files_end_with_a_table_or_an_error() {
    mutate(1_000_000);
}
