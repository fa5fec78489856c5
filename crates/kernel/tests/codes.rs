//! Codes against the published examples, and against every small slip.
#![cfg(test)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may stop hard")]

use kernel::code::{CodeKind, CodeReason, Sex};
use kernel::{CitizenId, CreditCode, Fault, OrgCode, RegistrationNo, SubjectNo};
use proptest::prelude::*;

const REAL: &[&str] = &[
    "9144030071526726XG",
    "91330100799655058B",
    "914403001922038216",
    "91110000802100433B",
    "91110108551385082Q",
    "91440606722473344C",
    "91440300192317458F",
    "91440400192548256N",
    "91440300100012316L",
    "91100000100003962T",
    "91350900587527783P",
];
/// Remainder 0; check Y; organisation check X and 0; individual; cooperative; social organisation.
const EDGES: &[&str] = &[
    "91440511MA40001270",
    "91440511MA4000004Y",
    "91440511MA400008XL",
    "91440511MA4000020L",
    "92440511MA40001192",
    "93440511MA4000127R",
    "51440511MJ4000138Q",
];
const REGISTRATIONS: &[&str] = &[
    "330108000000965",
    "320106000260887",
    "440301103448669",
    "440301103097413",
    "110108012660422",
    "330200400070010",
    "440511000000017",
    "440511600000018",
    "100000400000019",
    "210100000123457",
];
const CITIZENS: &[&str] = &[
    "11010519491231002X",
    "440524188001010014",
    "110101199003070011",
    "44051119850101123X",
];

#[test]
fn published_and_edge_credit_codes_are_accepted_unmarked() {
    for text in REAL.iter().chain(EDGES) {
        let code = CreditCode::parse(text).unwrap();
        assert_eq!(code.as_str(), *text);
        assert!(!code.marks().any(), "{text}: {:?}", code.marks());
        assert!(code.org_code().is_some(), "{text}");
    }
    let code = CreditCode::parse("91100000100003962T").unwrap();
    assert_eq!(
        (code.authority(), code.organisation(), code.body()),
        ("100000", "100003962", Some("企业"))
    );
    assert_eq!(
        CreditCode::parse("93440511MA4000127R").unwrap().body(),
        Some("农民专业合作社")
    );
    assert_eq!(
        CreditCode::parse("51440511MJ4000138Q").unwrap().body(),
        Some("社会团体")
    );
}

#[test]
fn a_wrong_inner_check_is_marked_and_not_refused() {
    let code = CreditCode::parse("91440511MA40000052").unwrap();
    assert!(code.marks().inner_check_wrong && !code.marks().unknown_division);
    assert_eq!(code.org_code(), None);
    let inner = OrgCode::parse(code.organisation()).unwrap_err();
    assert_eq!(
        inner.reason,
        CodeReason::Check {
            position: 9,
            found: '5',
            expected: '4'
        }
    );
}

#[test]
fn an_authority_in_no_table_is_marked_and_not_refused() {
    let code = CreditCode::parse(REAL[0]).unwrap();
    assert!(code.marks_by(|division| division != "440300").unknown_division);
    assert!(!code.marks_by(|division| division == "440300").unknown_division);
}

#[test]
fn a_transposed_code_is_refused_with_the_check_it_needs_and_the_swap_that_mends_it() {
    let fault = CreditCode::parse("91440511AM4000004Y").unwrap_err();
    assert_eq!(
        fault.reason,
        CodeReason::Check {
            position: 18,
            found: 'Y',
            expected: 'Q'
        }
    );
    assert!(
        fault.corrections.contains(&"91440511MA4000004Y".to_owned()),
        "{:?}",
        fault.corrections
    );
    let told = Fault::from(fault);
    assert_eq!((told.kind.status(), told.code()), (422, "code.check"));
    assert!(told.detail.contains("第 18 位校验码应为“Q”"), "{}", told.detail);
    assert_eq!(told.basis.as_deref(), Some("GB 32100-2015"));
}

#[test]
fn a_letter_the_alphabet_leaves_out_is_refused_where_it_stands() {
    let fault = CreditCode::parse("9144051IMA4000004Y").unwrap_err();
    assert_eq!(
        fault.reason,
        CodeReason::Character {
            position: 8,
            found: 'I'
        }
    );
    assert_eq!(
        fault.corrections.first().map(String::as_str),
        Some("91440511MA4000004Y")
    );
    let several = CreditCode::parse("9I44O5IIMA4OOOOO4Y").unwrap_err();
    assert_eq!(
        several.corrections,
        ["91440511MA4000004Y"],
        "all look-alikes read at once"
    );
}

#[test]
fn width_case_blanks_and_a_spreadsheet_apostrophe_are_folded() {
    for text in [
        "９１４４０５１１ＭＡ４００００２０Ｌ",
        "91440511ma4000020l",
        " 9144 0511 MA40 0002 0L\u{200B}",
        "'91440511MA4000020L",
    ] {
        assert_eq!(CreditCode::parse(text).unwrap().as_str(), "91440511MA4000020L");
        assert_eq!(SubjectNo::parse(text).unwrap().as_str(), "91440511MA4000020L");
    }
}

#[test]
fn damage_is_told_for_what_it_is() {
    let reason = |text: &str| CreditCode::parse(text).unwrap_err().reason;
    assert_eq!(reason("  "), CodeReason::Empty);
    assert_eq!(reason("9.14E+17"), CodeReason::Spreadsheet);
    assert_eq!(
        reason("9144051"),
        CodeReason::Length {
            found: 7,
            expected: "18"
        }
    );
    assert_eq!(
        reason("9144051一MA4000004Y"),
        CodeReason::Character {
            position: 8,
            found: '一'
        }
    );
    assert_eq!(
        reason("9144051AMA4000004Y"),
        CodeReason::Character {
            position: 8,
            found: 'A'
        }
    );
    assert_eq!(
        SubjectNo::parse("3303021012389").unwrap_err().kind,
        CodeKind::Subject
    );
}

#[test]
fn organisation_codes_are_read_printed_or_plain() {
    for text in ["71526726-X", "71526726X", "71526726x", "７１５２６７２６－Ｘ"] {
        assert_eq!(OrgCode::parse(text).unwrap().printed(), "71526726-X");
    }
    let fault = OrgCode::parse("71526726-1").unwrap_err();
    assert_eq!(
        fault.reason,
        CodeReason::Check {
            position: 9,
            found: '1',
            expected: 'X'
        }
    );
    assert!(fault.corrections.contains(&"71526726X".to_owned()));
}

#[test]
fn registration_numbers_hold_their_check() {
    for text in REGISTRATIONS {
        let number = RegistrationNo::parse(text).unwrap();
        assert_eq!((number.as_str(), number.province_known()), (*text, true));
        assert!(matches!(SubjectNo::parse(text).unwrap(), SubjectNo::RegNo(_)));
    }
    assert!(RegistrationNo::parse("440511600000018").unwrap().is_individual());
    assert!(!RegistrationNo::parse("440511000000017").unwrap().is_individual());
    assert_eq!(
        RegistrationNo::parse("100000400000019").unwrap().authority(),
        "100000"
    );
    let fault = RegistrationNo::parse("440511000000018").unwrap_err();
    assert_eq!(
        fault.reason,
        CodeReason::Check {
            position: 15,
            found: '8',
            expected: '7'
        }
    );
}

#[test]
fn citizen_numbers_hold_their_check_and_their_birth_date() {
    for text in CITIZENS {
        assert_eq!(CitizenId::parse(text).unwrap().as_str(), *text);
    }
    let one = CitizenId::parse("11010519491231002x").unwrap();
    assert_eq!(
        (one.born_on().to_string().as_str(), one.sex()),
        ("1949-12-31", Sex::Female)
    );
    assert_eq!(CitizenId::parse("44051119850101123X").unwrap().sex(), Sex::Male);
    assert_eq!(
        CitizenId::parse("110105491231002").unwrap(),
        one,
        "the fifteen-digit form of the same person"
    );
    assert_eq!(
        CitizenId::parse("11010519490231002X").unwrap_err().reason,
        CodeReason::BirthDate
    );
    let fault = CitizenId::parse("110105194912310021").unwrap_err();
    assert_eq!(
        fault.reason,
        CodeReason::Check {
            position: 18,
            found: '1',
            expected: 'X'
        }
    );
    assert!(fault.corrections.is_empty(), "a guess would be another person");
}

#[test]
fn a_citizen_number_is_masked_wherever_it_is_printed_for_debugging() {
    let one = CitizenId::parse("11010519491231002X").unwrap();
    assert_eq!(format!("{one:?}"), "110105********002X");
    assert_eq!(one.masked(), "110105********002X");
}

#[test]
fn codes_travel_as_json_text_and_wrong_ones_do_not_arrive() {
    let code: SubjectNo = serde_json::from_str("\"91440511ma4000020l\"").unwrap();
    assert_eq!(serde_json::to_string(&code).unwrap(), "\"91440511MA4000020L\"");
    let refused = serde_json::from_str::<SubjectNo>("\"91440511MA4000020X\"").unwrap_err();
    assert!(refused.to_string().contains("校验码"), "{refused}");
}

const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A valid credit code with a valid organisation code inside.
fn credit_code() -> impl Strategy<Value = String> {
    (
        "(91|92|93|12|51)(11|21|33|37|44|45)[0-9]{4}",
        "[0-9]{8}|M[AB][0-9A-HJ-NPQRTUWXY]{6}",
    )
        .prop_map(|(head, body)| {
            let mended = |text: String, parse: fn(&str) -> Option<CodeReason>| match parse(&text) {
                Some(CodeReason::Check { expected, .. }) => format!("{}{expected}", &text[..text.len() - 1]),
                _ => text,
            };
            let inner = mended(format!("{body}0"), |text| {
                OrgCode::parse(text).err().map(|fault| fault.reason)
            });
            mended(format!("{head}{inner}0"), |text| {
                CreditCode::parse(text).err().map(|fault| fault.reason)
            })
        })
}

fn with(text: &str, at: usize, byte: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = byte;
    String::from_utf8(bytes).unwrap()
}

fn swapped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes.swap(at, at + 1);
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn a_made_credit_code_is_accepted_unmarked(code in credit_code()) {
        prop_assert!(!CreditCode::parse(&code).unwrap().marks().any());
    }

    #[test]
    fn a_credit_code_altered_in_one_place_is_refused_and_the_original_suggested(
        code in credit_code(), at in 0_usize..18, letter in proptest::sample::select(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_vec()),
    ) {
        let wrong = with(&code, at, letter);
        prop_assume!(wrong != code);
        let fault = CreditCode::parse(&wrong).unwrap_err();
        prop_assert!(fault.corrections.contains(&code), "{wrong}: {:?}", fault.corrections);
        for correction in &fault.corrections {
            prop_assert!(CreditCode::parse(correction).is_ok());
        }
        if !ALPHABET.contains(&letter) {
            let expected = CodeReason::Character { position: at + 1, found: letter.into() };
            prop_assert_eq!(fault.reason, expected);
        }
    }

    #[test]
    fn a_credit_code_with_swapped_neighbours_is_refused_and_the_original_suggested(code in credit_code(), at in 0_usize..17) {
        let wrong = swapped(&code, at);
        prop_assume!(wrong != code);
        prop_assert!(CreditCode::parse(&wrong).unwrap_err().corrections.contains(&code));
    }

    #[test]
    fn a_registration_number_altered_in_one_place_is_refused_and_the_original_suggested(
        pick in 0..REGISTRATIONS.len(), at in 0_usize..15, digit in b'0'..=b'9',
    ) {
        let wrong = with(REGISTRATIONS[pick], at, digit);
        prop_assume!(wrong != REGISTRATIONS[pick]);
        let fault = RegistrationNo::parse(&wrong).unwrap_err();
        prop_assert!(fault.corrections.iter().any(|text| text == REGISTRATIONS[pick]));
    }

    #[test]
    fn an_organisation_code_altered_in_one_place_is_refused_and_the_original_suggested_or_collides(
        code in credit_code(), at in 0_usize..9, letter in proptest::sample::select(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_vec()),
    ) {
        // 36 characters do not fit into modulus 11: a change by 11, 22 or 33 cannot be seen.
        let right = &code[8..17];
        let wrong = with(right, at, letter);
        prop_assume!(wrong != right);
        let value = |byte: u8| i32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' + 10 });
        let seen = at == 8 || (value(letter) - value(right.as_bytes()[at])) % 11 != 0;
        match OrgCode::parse(&wrong) {
            Ok(_) => prop_assert!(!seen, "{wrong}"),
            Err(fault) => {
                prop_assert!(seen);
                prop_assert!(fault.corrections.iter().any(|text| text == right));
            }
        }
    }

    #[test]
    fn a_citizen_number_altered_in_one_place_is_refused(pick in 0..CITIZENS.len(), at in 0_usize..17, digit in b'0'..=b'9') {
        let wrong = with(CITIZENS[pick], at, digit);
        prop_assume!(wrong != CITIZENS[pick]);
        prop_assert!(CitizenId::parse(&wrong).is_err());
    }

    #[test]
    fn no_text_makes_a_reader_stumble(text in "\\PC{0,24}") {
        let _ = CreditCode::parse(&text).map_err(|fault| fault.to_string());
        let _ = OrgCode::parse(&text);
        let _ = CitizenId::parse(&text);
        let _ = SubjectNo::parse(&text);
        let _ = kernel::Division::parse(&text);
        let _ = kernel::Industry::parse(&text);
        let _ = kernel::Amount::parse(&text);
        let _ = kernel::name::NameParts::of(&text);
    }
}
