use super::*;

fn said(line: &str) -> String {
    match LineReader::default().read(line) {
        None => "-".to_owned(),
        Some(Said { step, values }) => {
            let step = step.map_or("-".to_owned(), |step| step.to_string());
            values.iter().fold(step, |text, (key, value)| format!("{text} {key}={value}"))
        }
    }
}

#[test]
fn lines_as_frameworks_print_them() {
    for (line, expected) in [
        ("epoch 3 - loss: 0.41 - val_acc: 0.91", "3 loss=0.41 val_acc=0.91"),
        ("step=10 loss=0.2", "10 loss=0.2"),
        ("Epoch 3/10 ... loss: 0.41", "3 loss=0.41"),
        ("loss: 0.41", "- loss=0.41"),
        ("loss=nan", "- loss=NaN"),
        ("loss: -inf, acc: 91.5%", "- loss=-inf acc=91.5"),
        ("Train Loss: 1.5e-3 | Val Acc: 91.2%", "- Train_Loss=0.0015 Val_Acc=91.2"),
        ("[Epoch 12] train_loss=0.5, lr=1e-05", "12 train_loss=0.5 lr=0.00001"),
        ("INFO:root:epoch=2 loss=0.25", "2 loss=0.25"),
        ("2026-11-29 12:30:00,123 - INFO - Epoch 3: loss=0.41", "3 loss=0.41"),
        ("2026-11-29T12:30:00Z INFO trainer: step 7 loss 0.41", "7 loss=0.41"),
        // Keras
        (
            "938/938 ━━━━━━━━━━━━━━━━━━━━ 3s 3ms/step - accuracy: 0.8712 - loss: 0.4123",
            "- accuracy=0.8712 loss=0.4123",
        ),
        ("938/938 [==============================] - 3s 3ms/step - loss: 0.2", "- loss=0.2"),
        // Lightning and tqdm
        ("Epoch 3: 100%|██████| 938/938 [00:03<00:00, 300.1it/s, loss=0.41, v_num=0]", "3 loss=0.41"),
        // PyTorch's examples
        ("Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.305400", "1 Loss=2.3054"),
        ("Test set: Average loss: 0.0434, Accuracy: 9858/10000 (99%)", "- Average_loss=0.0434"),
        (
            "Epoch: [0][  10/5005]\tTime  4.8 (  4.8)\tLoss 6.95 (6.96)\tAcc@1   0.39 (  0.40)",
            "0 Loss=6.95 Acc@1=0.39",
        ),
        // Boosting
        ("[7]\ttrain-logloss:0.61\teval-logloss:0.62", "7 train-logloss=0.61 eval-logloss=0.62"),
        (
            "[10]\ttraining's binary_logloss: 0.3\tvalid_0's auc: 0.9",
            "10 training_binary_logloss=0.3 valid_0_auc=0.9",
        ),
        (
            "0:\tlearn: 0.6\ttest: 0.62\tbest: 0.62 (0)\ttotal: 5ms\tremaining: 5s",
            "0 learn=0.6 test=0.62 best=0.62",
        ),
        ("Iteration 1, loss = 0.69314718", "1 loss=0.69314718"),
        // Two steps: the finer is the step.
        ("epoch 2 step 300 loss 0.5", "300 loss=0.5 epoch=2"),
        ("epoch 1 step -3 loss 0.5", "-3 loss=0.5 epoch=1"),
        // Objects
        (r#"{"step": 3, "val/accuracy": 0.91}"#, "3 val/accuracy=0.91"),
        (r#"{"epoch": 2, "step": -4, "loss": NaN}"#, "-4 epoch=2 loss=NaN"),
        (r#"{"train": {"loss": 1, "acc": null}, "iteration": 7.0}"#, "7 train/loss=1"),
        ("{'loss': 0.5, 'grad_norm': nan, 'epoch': 1.5}", "- loss=0.5 grad_norm=NaN epoch=1.5"),
        (r#"{"level": "info", "ts": 170000.5, "step": 3, "loss": 0.4, "port": 1}"#, "3 loss=0.4"),
    ] {
        assert_eq!(said(line), expected, "{line}");
    }
}

#[test]
fn ordinary_lines_are_no_metrics() {
    for line in [
        "",
        "time: 12:30",
        "http://localhost:8080",
        "serving at http://127.0.0.1:8080/metrics",
        "localhost:8080",
        "127.0.0.1:8080",
        "Listening on port: 8080",
        "port=8080 pid=4711",
        "Python 3.11.7 (main, Jan  1 2026, 12:00:00) [GCC 12.2.0]",
        "version: 1.2.3",
        "numpy==1.26",
        "2026-11-29 12:30:00 INFO started",
        "loaded 3 files in 0.5 s",
        "WARNING: 3 values are missing",
        "Number of parameters: 12345",
        "batch_size: 32",
        "Downloading: 45%",
        "elapsed: 12.5s",
        "GET /index.html status=200 bytes=512",
        "level=info msg=\"started\" workers=3",
        "error: cannot open /tmp/x: 2",
        "Traceback (most recent call last):",
        "  File \"train.py\", line 12, in <module>",
        "Epoch 3/10",
        "total: 12.5",
        "1,234.5",
        "loss: 0,5",
        "seed = 7",
        "ETA: 00:03:12",
        "{}",
        r#"{"event": "saved", "size": 3}"#,
        r#"{"level": "info", "port": 8080}"#,
        "{x}",
        "see https://x.y/z?loss=0.5",
    ] {
        assert_eq!(said(line), "-", "{line}");
    }
}

#[test]
fn an_epoch_on_a_line_of_its_own_holds_for_what_follows() {
    let mut reader = LineReader::default();
    assert_eq!(reader.read("Epoch 3/10"), None);
    assert_eq!(reader.read("938/938 - loss: 0.5").unwrap().step, Some(3));
    assert_eq!(reader.read("step 7 loss: 0.5").unwrap().step, Some(7));
    assert_eq!(reader.read("val_loss: 0.5").unwrap().step, Some(3));
}

#[test]
fn a_pattern_of_ones_own_takes_the_place_of_the_usual() {
    let read = |pattern: &str, line: &'static str| {
        let said = LineReader::new(Some(Pattern::new(pattern).unwrap())).read(line)?;
        Some((said.step, said.values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()))
    };
    let named = r"it (?P<step>\d+) l=(?P<loss>\S+)";
    assert_eq!(read(named, "it 3 l=0.5"), Some((Some(3), vec!["loss=0.5".to_owned()])));
    assert_eq!(read(named, "loss: 0.5"), None);
    assert_eq!(read(named, r#"{"loss": 0.5}"#), Some((None, vec!["loss=0.5".to_owned()])));
    let pairs = r"(?P<key>\w+)~(?P<value>\S+)";
    assert_eq!(read(pairs, "a~1 b~x c~-2"), Some((None, vec!["a=1".to_owned(), "c=-2".to_owned()])));
    assert!(Pattern::new("(").unwrap_err().to_string().starts_with("`(` is no regular expression"));
    assert!(Pattern::new("loss=(.*)").unwrap_err().to_string().contains("no named group"));
    assert!(Pattern::new("(?P<step>.)").is_err());
}

proptest::proptest! {
    #[test]
    fn no_line_is_too_strange(line in r#"[{}"'\[\]():=,.%/#@+\-_a-eElosnif0-9 é━|]{0,60}"#) {
        let mut reader = LineReader::default();
        let _ = reader.read(&line);
        let _ = reader.read(&format!("{{{line}}}"));
        let _ = reader.read(&format!("epoch {line} loss: 0.5"));
    }
}
