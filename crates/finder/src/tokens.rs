//! What names are taken apart into: pairs of characters, pairs and threes of initials, pairs of syllables.
//!
//! A text to be taken apart is the sign of its tier and a name; every token begins with that sign. What stands at the
//! beginning or the end of a name is marked, so that a search can ask for it.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::spelling::{Sound, sounds};

/// Stands before what begins a name.
pub(crate) const FIRST: char = '^';
/// Stands after what ends one.
pub(crate) const LAST: char = '$';
/// Stands between syllables.
pub(crate) const APOSTROPHE: char = '\'';
/// How far apart the names of one entry are kept: more than any two neighbours in a phrase.
const APART: usize = 4;

/// Which tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tokens {
    Grams,
    Initials,
    Syllables,
}

impl Tokenizer for Tokens {
    type TokenStream<'a> = Stream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream {
        let mut letters = text.chars();
        let mut made = Made {
            sign: letters.next(),
            tokens: Vec::new(),
        };
        let name = letters.as_str();
        match self {
            Self::Grams => made.grams(&name.chars().collect::<Vec<_>>()),
            Self::Initials => {
                let initials: Vec<Sound> = sounds(name).iter().map(Sound::initials).collect();
                made.sounding(&initials, 2, None);
                made.sounding(&initials, 3, None);
            }
            Self::Syllables => made.sounding(&sounds(name), 2, Some(APOSTROPHE)),
        }
        Stream {
            tokens: made.tokens,
            next: 0,
            token: Token {
                position_length: APART,
                ..Token::default()
            },
        }
    }
}

/// Tokens with their places.
struct Made {
    sign: Option<char>,
    tokens: Vec<(usize, String)>,
}

impl Made {
    fn add(&mut self, place: usize, parts: impl IntoIterator<Item = char>) {
        self.tokens
            .push((place, self.sign.into_iter().chain(parts).collect()));
    }

    fn grams(&mut self, name: &[char]) {
        let last = name.len().saturating_sub(2);
        for (place, pair) in name.windows(2).enumerate() {
            self.add(place, pair.iter().copied());
            if place == 0 {
                self.add(place, std::iter::once(FIRST).chain(pair.iter().copied()));
            }
            if place == last {
                self.add(place, pair.iter().copied().chain([LAST]));
            }
        }
    }

    /// Every way to read `width` neighbours, with something between them.
    fn sounding(&mut self, sounds: &[Sound], width: usize, between: Option<char>) {
        for (place, neighbours) in sounds.windows(width).enumerate() {
            let mut ways = vec![String::new()];
            for sound in neighbours {
                let longer = |way: &String| {
                    let way = way.clone();
                    sound.all().map(move |reading| {
                        let mut longer = way.clone();
                        longer.extend(between.filter(|_| !longer.is_empty()));
                        longer.push_str(reading);
                        longer
                    })
                };
                ways = ways.iter().flat_map(longer).collect();
            }
            for way in ways {
                self.add(place, way.chars());
                if place == 0 && width == 2 {
                    self.add(place, std::iter::once(FIRST).chain(way.chars()));
                }
            }
        }
    }
}

/// Hands the tokens of a name out.
pub(crate) struct Stream {
    tokens: Vec<(usize, String)>,
    next: usize,
    token: Token,
}

impl TokenStream for Stream {
    fn advance(&mut self) -> bool {
        let Some((place, text)) = self.tokens.get_mut(self.next) else {
            return false;
        };
        self.token.position = *place;
        self.token.text = std::mem::take(text);
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(mut kind: Tokens, name: &str) -> Vec<String> {
        let text = format!("A{name}");
        let mut stream = kind.token_stream(&text);
        let mut found = Vec::new();
        while stream.advance() {
            let token = stream.token();
            found.push(format!("{}{}", token.position, token.text));
        }
        found
    }

    #[test]
    fn names_become_pairs_with_their_ends_marked() {
        assert_eq!(
            tokens(Tokens::Grams, "甲乙丙"),
            ["0A甲乙", "0A^甲乙", "1A乙丙", "1A乙丙$"]
        );
        assert_eq!(tokens(Tokens::Grams, "甲乙"), ["0A甲乙", "0A^甲乙", "0A甲乙$"]);
        assert!(tokens(Tokens::Grams, "甲").is_empty() && tokens(Tokens::Grams, "").is_empty());
    }

    #[test]
    fn initials_become_pairs_and_threes_in_every_reading() {
        assert_eq!(
            tokens(Tokens::Initials, "汕头金"),
            ["0Ast", "0A^st", "1Atj", "0Astj"]
        );
        let found = tokens(Tokens::Initials, "重庆");
        assert!(
            found.contains(&"0Acq".into()) && found.contains(&"0Azq".into()),
            "{found:?}"
        );
    }

    #[test]
    fn syllables_become_pairs() {
        let found = tokens(Tokens::Syllables, "汕头(金平)");
        assert!(
            found.contains(&"0A^shan'tou".into()) && found.contains(&"1Atou'jin".into()),
            "{found:?}"
        );
    }
}
