//! What is asked, as questions to the index: a few rounds, each with the question for one tier.

use tantivy::Term;
use tantivy::query::{BooleanQuery, EmptyQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

use crate::shape::{self, Shape};
use crate::spelling::{LEAST, cuts};
use crate::tokens::{APOSTROPHE, FIRST, LAST};

/// A question for one tier.
pub(crate) type Ask = Box<dyn Query>;

/// Where in a name a word may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    /// It is the name.
    Whole,
    /// It begins the name.
    Front,
    /// Anywhere.
    Any,
}

/// How a word is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Written,
    Spoken,
    Either,
}

/// A round of the search: what the words must be for an entry to come in this round.
#[derive(Debug, Clone, Copy)]
struct Round {
    first: (How, Where),
    others: How,
}

/// The words of a question, and the rounds they are looked for in: the better they fit, the earlier.
pub(crate) struct Plan<'a> {
    words: &'a [String],
    rounds: Vec<Round>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(words: &'a [String]) -> Self {
        let round = |how, place| Round {
            first: (how, place),
            others: How::Either,
        };
        let rounds = match words {
            [] => Vec::new(),
            [word] => {
                let mut rounds = vec![
                    round(How::Written, Where::Whole),
                    round(How::Written, Where::Front),
                    round(How::Written, Where::Any),
                ];
                if is_spoken(word) {
                    rounds.extend([round(How::Spoken, Where::Front), round(How::Spoken, Where::Any)]);
                }
                rounds
            }
            _ => vec![round(How::Either, Where::Front), round(How::Either, Where::Any)],
        };
        Self { words, rounds }
    }

    /// How many rounds there are.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.len()
    }

    /// What a round asks of a tier: what fits, and what came in a round before.
    pub(crate) fn ask(&self, shape: &Shape, round: usize, tier: u8) -> (Ask, Vec<Ask>) {
        let question = |round: &Round| {
            let words = self.words.iter().enumerate();
            let parts = words.map(|(at, word)| match at {
                0 => ask_word(shape, tier, word, round.first),
                _ => ask_word(shape, tier, word, (round.others, Where::Any)),
            });
            all_of(parts.collect())
        };
        let fits = self.rounds.get(round).map_or_else(none, question);
        let before = self.rounds.iter().take(round).map(question).collect();
        (fits, before)
    }
}

/// Whether a word may be meant by its sound: Latin letters only.
fn is_spoken(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn none() -> Ask {
    Box::new(EmptyQuery)
}

fn all_of(mut parts: Vec<Ask>) -> Ask {
    match parts.len() {
        1 => parts.pop().unwrap_or_else(none),
        _ => Box::new(BooleanQuery::new(
            parts.into_iter().map(|part| (Occur::Must, part)).collect(),
        )),
    }
}

pub(crate) fn any_of(mut parts: Vec<Ask>) -> Ask {
    match parts.len() {
        0 => none(),
        1 => parts.pop().unwrap_or_else(none),
        _ => Box::new(BooleanQuery::new(
            parts.into_iter().map(|part| (Occur::Should, part)).collect(),
        )),
    }
}

fn ask_word(shape: &Shape, tier: u8, word: &str, (how, place): (How, Where)) -> Ask {
    let mut parts = Vec::new();
    if how != How::Spoken {
        let letters: Vec<char> = word.chars().collect();
        parts.push(written(
            &Terms {
                field: shape.grams,
                tier,
            },
            &letters,
            place,
        ));
    }
    if how != How::Written && is_spoken(word) {
        let lower = word.to_ascii_lowercase();
        let letters: Vec<char> = lower.chars().collect();
        parts.push(initials(
            &Terms {
                field: shape.initials,
                tier,
            },
            &letters,
            place,
        ));
        let terms = Terms {
            field: shape.syllables,
            tier,
        };
        parts.extend(
            cuts(&lower)
                .iter()
                .map(|syllables| spoken(&terms, syllables, place)),
        );
    }
    any_of(parts)
}

/// Makes terms of one field and tier.
struct Terms {
    field: Field,
    tier: u8,
}

impl Terms {
    fn term(&self, text: &str) -> Term {
        shape::term(self.field, self.tier, text)
    }

    /// Terms at places of one name.
    fn phrase(&self, mut placed: Vec<(usize, String)>) -> Ask {
        match (placed.pop(), placed.is_empty()) {
            (None, _) => none(),
            (Some((_, only)), true) => Box::new(TermQuery::new(self.term(&only), IndexRecordOption::Basic)),
            (Some(last), false) => {
                placed.push(last);
                let terms = placed.into_iter().map(|(place, text)| (place, self.term(&text)));
                Box::new(PhraseQuery::new_with_offset(terms.collect()))
            }
        }
    }
}

/// The fewest places from which windows of a width see everything up to a length.
fn cover(length: usize, width: usize) -> Vec<usize> {
    let Some(last) = length.checked_sub(width) else {
        return Vec::new();
    };
    let mut places: Vec<usize> = (0..last).step_by(width).collect();
    places.push(last);
    places
}

fn written(terms: &Terms, letters: &[char], place: Where) -> Ask {
    let window = |at: usize| letters.iter().skip(at).take(2).collect::<String>();
    let mut placed: Vec<(usize, String)> = cover(letters.len(), 2)
        .into_iter()
        .map(|at| (at, window(at)))
        .collect();
    if place != Where::Any
        && let Some((_, front)) = placed.first_mut()
    {
        front.insert(0, FIRST);
    }
    if place == Where::Whole {
        if let [(at, only)] = placed.as_slice() {
            // A name of two characters is both: two tokens at one place.
            let back = (*at, format!("{}{LAST}", only.trim_start_matches(FIRST)));
            placed.push(back);
        } else if let Some((_, back)) = placed.last_mut() {
            back.push(LAST);
        }
    }
    terms.phrase(placed)
}

fn initials(terms: &Terms, letters: &[char], place: Where) -> Ask {
    let window = |at: usize, width: usize| letters.iter().skip(at).take(width).collect::<String>();
    let width = letters.len().min(3);
    let mut placed: Vec<(usize, String)> = cover(letters.len(), width)
        .into_iter()
        .map(|at| (at, window(at, width)))
        .collect();
    if place != Where::Any {
        // Only pairs are marked; where they are all there is, the mark takes the pair's place.
        let front = (0, format!("{FIRST}{}", window(0, LEAST)));
        match (placed.first_mut(), width) {
            (Some(first), LEAST) => *first = front,
            _ => placed.insert(0, front),
        }
    }
    terms.phrase(placed)
}

fn spoken(terms: &Terms, syllables: &[&str], place: Where) -> Ask {
    let window = |at: usize| {
        let pair = syllables.iter().skip(at).take(2).copied();
        pair.collect::<Vec<_>>().join(&APOSTROPHE.to_string())
    };
    let mut placed: Vec<(usize, String)> = cover(syllables.len(), 2)
        .into_iter()
        .map(|at| (at, window(at)))
        .collect();
    if place != Where::Any
        && let Some((_, front)) = placed.first_mut()
    {
        front.insert(0, FIRST);
    }
    terms.phrase(placed)
}
