use proptest::prelude::*;

use super::*;
use crate::eval::ScoreKind;
use crate::report::predicted::pictures;

fn read(text: &str, wanted: &Wanted) -> Result<Predicted, RowsError> {
    Predicted::read(&mut Source::of_bytes("p.csv", text.as_bytes().to_vec())?, wanted)
}

fn classified(text: &str, wanted: &Wanted) -> (Task, Classified, Vec<String>) {
    let predicted = read(text, wanted).unwrap();
    let Rows::Classified(rows) = predicted.rows else { panic!("{:?}", predicted.rows) };
    (predicted.task, rows, predicted.notes)
}

fn told(text: &str, wanted: &Wanted) -> String {
    read(text, wanted).unwrap_err().to_string()
}

// As the fields are.
#[allow(clippy::unnecessary_wraps)]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn usual_names_and_the_task_are_found_out_and_said() {
    let (task, rows, notes) =
        classified("y,p_cat,p_dog,p_ox\ncat,.7,.2,.1\ndog,.1,.8,.1\nox,.5,.3,.2\n", &Wanted::default());
    assert_eq!((task, rows.kind(), rows.known()), (Task::Multiclass, ScoreKind::Probabilities, 3));
    assert_eq!((rows.gold(), rows.predicted()), (&[0, 1, 2][..], &[0, 1, 0][..]));
    assert!(
        notes[0].starts_with("the right answers are in `y`, scores in 3 columns, `p_cat` to `p_ox`"),
        "{notes:?}"
    );
    assert!(notes[1].contains("multiclass, as there are scores of 3 classes"), "{notes:?}");

    let (task, rows, notes) =
        classified("label,predicted,confidence\na,a,.9\nb,a,.5\nc,c,.3\n", &Wanted::default());
    assert_eq!((task, rows.kind(), rows.predicted()), (Task::Multiclass, ScoreKind::None, &[0, 0, 2][..]));
    assert!(notes[0].contains("`label`") && notes[0].contains("`predicted`"), "{notes:?}");

    let predicted = read("target,yhat\n1.5,1.25\n2,2.5\n", &Wanted::default()).unwrap();
    assert_eq!(predicted.task, Task::Regression);
    let Rows::Regressed(rows) = predicted.rows else { panic!() };
    assert_eq!((rows.gold(), rows.predicted()), (&[1.5, 2.0][..], &[1.25, 2.5][..]));
}

#[test]
fn one_column_of_scores_ranks_two_classes() {
    let (task, rows, notes) = classified("y,score\n0,0.25\n1,0.75\n1,0.5\n", &Wanted::default());
    assert_eq!((task, rows.kind(), rows.positive()), (Task::Binary, ScoreKind::Probabilities, Some(1)));
    assert_eq!(rows.scores(), [0.75, 0.25, 0.25, 0.75, 0.5, 0.5]);
    assert_eq!(rows.predicted(), [0, 1, 0], "half is not more than the other half");
    assert!(notes.iter().any(|note| note.contains("`1` is the class to be found")), "{notes:?}");

    let (_, rows, notes) = classified("y,score\nspam,-2\nham,3\nspam,1\n", &Wanted::default());
    assert_eq!((rows.names(), rows.kind()), (&["ham", "spam"].map(str::to_owned)[..], ScoreKind::Order));
    assert_eq!((rows.gold(), rows.predicted()), (&[1, 0, 1][..], &[0, 1, 1][..]));
    assert!(notes.iter().any(|note| note.contains("ranks and not probabilities")), "{notes:?}");

    let wanted = Wanted { positive: some("ham"), are_logits: true, ..Wanted::default() };
    let (_, rows, _) = classified("y,score\nspam,0\nham,3\n", &wanted);
    assert_eq!(
        (rows.names()[1].as_str(), rows.scores()[1], rows.kind()),
        ("ham", 0.5, ScoreKind::Probabilities)
    );
    let (_, rows, _) = classified("y,score\n1,.5\n1,.75\n", &Wanted::default());
    assert_eq!(rows.names(), ["0", "1"].map(str::to_owned));
}

#[test]
fn classes_of_two_columns_have_one_to_be_found() {
    let (task, rows, _) = classified("y,p_yes,p_no\nyes,.75,.25\nno,.5,.5\n", &Wanted::default());
    assert_eq!((task, rows.positive(), rows.predicted()), (Task::Binary, Some(0), &[0, 0][..]));
    let (_, rows, _) = classified("y,p_False,p_True\ntrue,.25,.75\nfalse,.5,.5\n", &Wanted::default());
    assert_eq!((rows.gold(), rows.positive(), rows.names().len()), (&[1, 0][..], Some(1), 2));
}

#[test]
fn scores_that_are_no_probabilities_rank_classes() {
    let text = "y,s_a,s_b,s_c\na,3,1,0\nb,-1,2,0\n";
    let wanted = Wanted { score: some("s_*"), ..Wanted::default() };
    let (_, rows, notes) = classified(text, &wanted);
    assert_eq!(rows.kind(), ScoreKind::Order);
    assert!(notes.iter().any(|note| note.contains("those of p.csv:2 sum to 4")), "{notes:?}");
    let (_, rows, _) = classified(text, &Wanted { are_logits: true, ..wanted });
    assert_eq!(rows.kind(), ScoreKind::Probabilities);
    let (_, rows, _) = classified("y,p_0,p_1,p_2\n2,.33,.33,.33\n", &Wanted::default());
    assert_eq!(rows.kind(), ScoreKind::Probabilities, "rounded");
}

#[test]
fn right_answers_without_scores_count_as_errors_and_are_said() {
    let (_, rows, notes) = classified("y,p_a,p_b,p_c\na,1,0,0\nz,0,1,0\n", &Wanted::default());
    assert_eq!((rows.gold(), rows.known(), rows.names()[3].as_str()), (&[0, 3][..], 3, "z"));
    assert!(notes.iter().any(|note| note.starts_with("1 rows have a right answer")), "{notes:?}");
    let text = told("y,p_1,p_2,p_3\ncat,1,0,0\ndog,0,1,0\n", &Wanted::default());
    assert!(text.starts_with("no right answer in `y` (`cat`, …) is a class of 3 columns"), "{text}");
    let wanted = Wanted { classes: ["cat", "dog", "ox"].map(str::to_owned).to_vec(), ..Wanted::default() };
    assert_eq!(classified("y,p_1,p_2,p_3\ncat,1,0,0\ndog,0,1,0\n", &wanted).1.gold(), [0, 1]);
}

#[test]
fn quantiles_have_levels_in_their_names() {
    let text = "y,q_10,q_50,q_90\n1,0,1.5,2\n5,4,5,7\n";
    let wanted = Wanted { score: some("q_*"), task: Some(Task::Regression), ..Wanted::default() };
    let predicted = read(text, &wanted).unwrap();
    let Rows::Regressed(rows) = &predicted.rows else { panic!() };
    assert_eq!((rows.predicted(), rows.quantiles()[2].0), (&[1.5, 5.0][..], 0.9));
    let measures = predicted.measure("test");
    assert!(
        measures.values.contains_key("test/pinball_0.9")
            && measures.values.contains_key("test/coverage_0.1_0.9")
    );
    let open = Wanted { score: some("q_*"), ..Wanted::default() };
    assert_eq!(read("y,q_0.1,q_0.5\n1,0,2\n", &open).unwrap().task, Task::Regression, "named by levels");
    let text = told("y,q_low,q_high\n1,0,2\n", &wanted);
    assert!(text.contains("`q_low` is no quantile"), "{text}");
}

#[test]
fn errors_say_where_and_what_to_do() {
    let text = told("a,b\n1,2\n", &Wanted::default());
    assert_eq!(text, "no column of p.csv looks like the right answers; `--gold NAME` says which: `a`, `b`");
    let text = told("y,b\n1,2\n", &Wanted::default());
    assert!(text.contains("looks like scores or given answers; `--score NAME`"), "{text}");
    let text = told("y,p_a\n1,2\n", &Wanted { score: some("q_*"), ..Wanted::default() });
    assert_eq!(text, "no column of p.csv matches `q_*`; it has `y`, `p_a`");
    let text = told("gold,yhat\n1,2\n", &Wanted { gold: some("glod"), ..Wanted::default() });
    assert!(text.contains("did you mean `gold`?"), "{text}");
    assert_eq!(told("y,pred\na,b\n,b\n", &Wanted::default()), "p.csv:3: `y` is empty");
    let text = told("y,score\n0,0.5\n1,\n", &Wanted::default());
    assert_eq!(text, "p.csv:3: `score` is empty");
    let text = told("y,score\n0,0.5\n1,inf\n", &Wanted::default());
    assert!(text.contains("p.csv:3: `score` is inf, which is not a finite number"), "{text}");
    let binary = Wanted { task: Some(Task::Binary), ..Wanted::default() };
    assert!(told("y,pred\na,b\nc,a\n", &binary).contains("binary means two classes, and there are 3"));
    let regression = Wanted { task: Some(Task::Regression), ..Wanted::default() };
    assert!(told("y,pred\na,b\n", &regression).contains("a regression is of numbers"));
    assert!(told("y,pred\n", &Wanted::default()).contains("no examples"));
}

#[test]
fn what_is_stored_is_read_again() {
    for (text, wanted) in [
        ("y,p_cat,p_dog,p_ox,id\ncat,.7,.2,.1,x\ndog,.1,.8,.1,y\nemu,.5,.3,.2,z\n", Wanted::default()),
        ("y,score\n0,-0.25\n1,0.75\n1,0.5\n", Wanted::default()),
        ("y,score\nno,0.25\nyes,0.75\nyes,0.5\n", Wanted { positive: some("no"), ..Wanted::default() }),
        ("y,pred\na,b\nb,b\nc,a\n", Wanted::default()),
        ("y,yhat\n1.5,1.25\n2,2.5\n", Wanted::default()),
        (
            "y,q_10,q_50\n1,0,1.5\n",
            Wanted { score: some("q_*"), task: Some(Task::Regression), ..Wanted::default() },
        ),
    ] {
        let predicted = read(text, &wanted).unwrap();
        let bytes = predicted.to_parquet().unwrap();
        assert_eq!(bytes, predicted.to_parquet().unwrap());
        let mut source = Source::of_bytes("x.parquet", bytes).unwrap();
        let again = Predicted::read(&mut source, &Wanted::default()).unwrap();
        assert_eq!(
            (&again.rows, &again.ids, again.task),
            (&predicted.rows, &predicted.ids, predicted.task),
            "{text}"
        );
    }
}

#[test]
fn programs_are_compared_on_the_same_rows_in_any_order() {
    let head = "id,y,p_a,p_b\n";
    let row = |id: usize, shift: f64| {
        let p = 0.1 + 0.8 * f64::from(u8::from((id * 7 % 10) as f64 > 4.0 + shift));
        format!("{id},{},{p},{}\n", if id.is_multiple_of(2) { "a" } else { "b" }, 1.0 - p)
    };
    let table = |order: &[usize], shift: f64| {
        let rows: String = order.iter().map(|id| row(*id, shift)).collect();
        read(&format!("{head}{rows}"), &Wanted::default()).unwrap()
    };
    let (there, back): (Vec<usize>, Vec<usize>) = ((0..60).collect(), (0..60).rev().collect());
    let (first, second) = (table(&there, 0.0), table(&back, 3.0));
    let mut rng = SeedTree::new(0).rng("test");
    let found = differences(&first, &second, &mut rng).unwrap();
    let accuracy = |predicted: &Predicted| predicted.measure("test").values["test/accuracy"].value;
    let (difference, _) = found["accuracy"];
    assert!((difference.value - (accuracy(&second) - accuracy(&first))).abs() < 1e-12);
    assert!(found.contains_key("auroc") && found.contains_key("brier_positive"));
    let fewer = table(&there[1..], 0.0);
    let why = differences(&first, &fewer, &mut rng).unwrap_err();
    assert_eq!(why, "the rows are not the same: 60 and 59, of which 59 are common");
    let numbers = read("y,yhat\n1.5,1.25\n", &Wanted::default()).unwrap();
    assert!(differences(&numbers, &numbers, &mut rng).is_ok());
}

proptest! {
    #[test]
    fn any_table_ends_with_rows_or_an_error(
        names in prop::collection::vec(
            prop::sample::select(vec!["y", "id", "p_a", "p_b", "p_1", "q_0.5", "q_90", "score", "yhat", "pred", "classes", ""]),
            1..6,
        ),
        rows in prop::collection::vec(
            prop::collection::vec(
                prop::sample::select(vec!["a", "b", "1", "0", "0.5", "-3", "1e300", "inf", "", "true", "0.25", "NaN", "-0.0"]),
                6,
            ),
            0..6,
        ),
        task in prop::option::of(prop::sample::select(Task::ALL.to_vec())),
        score in prop::option::of(prop::sample::select(vec!["p_*", "q_*", "score", "*"])),
        are_logits: bool,
    ) {
        let line = |row: &Vec<&str>| row[..names.len()].join(",");
        let lines: Vec<String> = rows.iter().map(line).collect();
        let text = format!("{}\n{}\n", names.join(","), lines.join("\n"));
        let wanted = Wanted { task, score: score.map(str::to_owned), are_logits, ..Wanted::default() };
        if let Ok(predicted) = read(&text, &wanted) {
            let figures = pictures(&predicted.rows, "x");
            prop_assert!(figures.iter().all(|(_, figure)| !figure.panels.is_empty()));
            let mut source = Source::of_bytes("x", predicted.to_parquet().unwrap()).unwrap();
            let again = Predicted::read(&mut source, &Wanted::default()).unwrap();
            prop_assert_eq!(&again.rows, &predicted.rows);
            let mut rng = SeedTree::new(0).rng("test");
            match &again.rows {
                Rows::Classified(rows) => drop(measure_classified(&rows.select(&[0]), &mut rng)),
                Rows::Regressed(rows) => drop(measure_regressed(rows, &mut rng)),
            }
        }
    }
}
