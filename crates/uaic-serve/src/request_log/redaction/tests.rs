use super::*;
use proptest::prelude::*;

fn redacted(patterns: &[&str], text: &str) -> String {
    Redaction::parse(patterns).unwrap().apply(text).into_owned()
}

#[test]
fn addresses_of_every_form_are_found() {
    for address in [
        "joe@example.com",
        "Joe.Doe+news@mail.example.co.uk",
        "o'brien_1@sub-domain.example",
        "root@localhost",
        "jürgen@müller.de",
        "\"joe doe\"@example.com",
        "joe@[192.168.0.1]",
        "a%b{c}@example.com",
    ] {
        assert_eq!(redacted(&["email"], &format!("write to {address}, please")), "write to <email>, please");
        assert_eq!(redacted(&["email"], &format!("<{address}>.")), "<<email>>.");
    }
    assert_eq!(redacted(&["email"], "mail joe@example.com."), "mail <email>.");
    assert_eq!(redacted(&["email"], "a@b@c.de and d@e"), "<email> and <email>");
}

#[test]
fn an_at_alone_is_no_address() {
    for text in ["meet @ noon", "@joe", "joe@", "@", "@@", "", "\"@x", "a @[b"] {
        assert_eq!(redacted(&["email"], text), text);
    }
}

#[test]
fn cards_are_found_by_their_check_digit() {
    // Numbers that the networks publish for tests.
    for card in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "3782 822463 10005",
        "6011.1111.1111.1117",
        "4222222222222",
        "6304000000000000000",
    ] {
        assert_eq!(redacted(&["card"], &format!("pay with {card} now")), "pay with <card> now", "{card}");
    }
    for other in ["4111111111111112", "1234 5678 9012 3456", "411111111111", "0000", "41111111111111111111"] {
        assert_eq!(redacted(&["card"], other), other);
    }
}

#[test]
fn what_stands_beside_a_card_does_not_hide_it() {
    assert_eq!(redacted(&["card"], "4111111111111111 123"), "<card> 123");
    assert_eq!(redacted(&["card"], "2 4111 1111 1111 1111 12/29"), "2 <card> 12/29");
    assert_eq!(redacted(&["card"], "4111111111111111 5555555555554444"), "<card> <card>");
    assert_eq!(redacted(&["card"], "№4111111111111111€"), "№<card>€");
}

#[test]
fn telephone_numbers_are_found_and_dates_are_not() {
    for phone in
        ["+49 30 1234567", "(555) 123-4567", "555-1234", "00442071838750", "+1.555.123.4567", "5551234567"]
    {
        assert_eq!(redacted(&["phone"], &format!("call {phone} today")), "call <phone> today", "{phone}");
    }
    assert_eq!(redacted(&["phone"], "2026-11-28 555 1234567"), "<phone>");
    assert_eq!(redacted(&["phone"], "555 123 4567 0123456789"), "<phone>");
    for other in
        ["on 2026-11-28", "on 28.11.2026", "11/28/26", "2026-11-28 10", "flight 689", "at 10:30", "12 000"]
    {
        assert_eq!(redacted(&["phone"], other), other);
    }
}

#[test]
fn numbers_are_what_the_others_leave() {
    let all = ["number", "phone", "email", "card"];
    assert_eq!(
        redacted(&all, "flight 689 at 10:30 for 1,200.50"),
        "flight <number> at <number> for <number>"
    );
    let mixed = "joe99@example.com 4111111111111111 +49 30 1234567 or gate 7";
    assert_eq!(redacted(&all, mixed), "<email> <card> <phone> or gate <number>");
    assert_eq!(redacted(&["number"], "٤٢ and ４２"), "<number> and <number>");
}

#[test]
fn own_patterns_come_first_and_in_their_order() {
    let own = ["number", "ticket=\\bUA\\d+\\b", "word=(?i)ua"];
    assert_eq!(redacted(&own, "UA77 ua 5"), "<ticket> <word> <number>");
}

#[test]
fn what_cannot_be_used_is_refused_with_a_hint() {
    let refused = |pattern: &str| Redaction::parse([pattern]).unwrap_err().to_string();
    assert_eq!(
        refused("emial"),
        "there is no pattern `emial`, did you mean `email`?; built in are email, card, phone, number, and NAME=REGEX adds one"
    );
    assert!(refused("x=(").contains("`x` is no regular expression"));
    assert!(refused("x=a*").contains("finds the empty text"));
    assert!(refused("X1=a").contains("small letters") && refused("=a").contains("small letters"));
}

#[test]
fn a_text_without_finds_is_not_copied() {
    let redaction = Redaction::parse(["email", "card", "phone", "number"]).unwrap();
    assert!(matches!(redaction.apply("flights to oslo"), Cow::Borrowed(_)));
}

/// The digits with the check digit that makes them a card, computed the other way round: by trying.
fn card(mut digits: Vec<u32>) -> String {
    let sum = |digits: &[u32]| -> u32 {
        let (mut sum, mut double) = (0, false);
        for digit in digits.iter().rev() {
            let worth = if double { digit * 2 } else { *digit };
            sum += worth / 10 + worth % 10;
            double = !double;
        }
        sum
    };
    digits.push(0);
    while sum(&digits) % 10 != 0 {
        *digits.last_mut().unwrap() += 1;
    }
    digits.iter().map(ToString::to_string).collect()
}

proptest! {
    #[test]
    fn no_address_survives(
        before in "\\PC{0,12}", local in "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,12}",
        host in "[a-z0-9]{1,9}(\\.[a-z0-9-]{0,5}[a-z0-9]){0,3}", after in "\\PC{0,12}",
    ) {
        let address = format!("{local}@{host}");
        let text = redacted(&["email"], &format!("{before}{address}{after}"));
        prop_assert!(!text.contains(&address), "{text}");
        // Nothing with letters on both sides of an `@` is left.
        let is_name = |c: char| c.is_ascii_alphanumeric();
        let rest = text.match_indices('@').any(|(at, _)| text[..at].ends_with(is_name) && text[at + 1..].starts_with(is_name));
        prop_assert!(!rest, "{text}");
    }

    #[test]
    fn no_card_survives(
        before in "[^0-9]{0,9}", digits in prop::collection::vec(0..10_u32, 12..19),
        separator in prop::sample::select(vec!["", " ", "-", "."]), size in 3..6_usize, after in "[^0-9]{0,9}",
    ) {
        let digits = card(digits);
        let groups: Vec<&str> = digits.as_bytes().chunks(size).map(|group| std::str::from_utf8(group).unwrap()).collect();
        let written = groups.join(separator);
        let text = redacted(&["card"], &format!("{before}{written}{after}"));
        prop_assert!(!text.contains(&written), "{text}");
    }

    #[test]
    fn no_digit_survives_number(text in "\\PC{0,40}") {
        prop_assert!(!redacted(&["number"], &text).contains(|c: char| c.is_ascii_digit()));
    }

    #[test]
    fn redaction_never_panics_and_is_done_after_one_time(text in any::<String>()) {
        let redaction = Redaction::parse(["email", "card", "phone", "number"]).unwrap();
        let once = redaction.apply(&text).into_owned();
        prop_assert_eq!(redaction.apply(&once).into_owned(), once.clone());
    }
}
