//! Which words an answer rests on.

use super::nothing;
use crate::report::figure::{Content, Figure, Panel, Sentence};

/// A text with the weight of each word, and the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Attended {
    /// Words and weights; the weights sum to 1.
    pub words: Vec<(String, f64)>,
    /// The predicted label.
    pub predicted: String,
    /// Its probability.
    pub probability: f64,
    /// The right label, where it is known.
    pub gold: Option<String>,
}

/// Sentences whose words stand on a ground as strong as their weight.
pub fn attention(texts: &[Attended], subtitle: &str) -> Figure {
    let shown: Vec<&Attended> = texts.iter().filter(|text| !text.words.is_empty()).collect();
    let height: f64 = shown.iter().map(|text| height(text)).sum();
    let panel = if shown.is_empty() {
        nothing("no sentences were given")
    } else {
        let sentences = shown.into_iter().map(sentence).collect();
        Panel { title: String::new(), content: Content::Words { sentences } }
    };
    Figure {
        title: "Attention".to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![panel],
        note: "The ground of a word shows its weight against the strongest of its sentence.".to_owned(),
        aspect: 800.0 / (90.0 + height.max(130.0)),
        ..Figure::default()
    }
}

fn sentence(text: &Attended) -> Sentence {
    let answer = format!("{} {:.2}", text.predicted, text.probability);
    let caption = match &text.gold {
        Some(gold) if *gold == text.predicted => format!("{answer} · right"),
        Some(gold) => format!("{answer} · wrong, it is {gold}"),
        None => answer,
    };
    let weight = |weight: f64| if weight.is_finite() { weight.max(0.0) } else { 0.0 };
    Sentence {
        words: text.words.iter().map(|(word, value)| (word.clone(), weight(*value))).collect(),
        caption,
    }
}

/// The height of a sentence with its caption, from the usual width of letters.
fn height(text: &Attended) -> f64 {
    let (mut lines, mut left) = (1.0, 0.0);
    for (word, _) in &text.words {
        let wide = word.chars().count() as f64 * 10.5 + 15.0;
        if left + wide > 750.0 && left > 0.0 {
            (lines, left) = (lines + 1.0, 0.0);
        }
        left += wide;
    }
    22.0 + 30.0 * lines + 12.0
}

#[cfg(test)]
mod tests {
    use super::super::testing::is_empty;
    use super::*;

    fn text(words: usize, gold: Option<&str>) -> Attended {
        Attended {
            words: (0..words).map(|word| (format!("word{word}"), 1.0 / words as f64)).collect(),
            predicted: "flight".to_owned(),
            probability: 0.977,
            gold: gold.map(str::to_owned),
        }
    }

    #[test]
    fn captions_say_whether_the_answer_is_right() {
        let figure = attention(
            &[text(3, Some("flight")), text(3, Some("airfare")), text(3, None), text(0, None)],
            "x",
        );
        let Content::Words { sentences } = &figure.panels[0].content else { panic!() };
        let captions: Vec<&str> = sentences.iter().map(|sentence| sentence.caption.as_str()).collect();
        assert_eq!(captions, ["flight 0.98 · right", "flight 0.98 · wrong, it is airfare", "flight 0.98"]);
    }

    #[test]
    fn longer_sentences_make_the_picture_higher() {
        let many = |words| vec![text(words, None); 4];
        assert!(attention(&many(40), "x").aspect < attention(&many(4), "x").aspect);
        assert!(is_empty(&attention(&[], "x")));
    }
}
