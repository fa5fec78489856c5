//! Credit codes of firms that do not exist: valid by GB 32100 and GB 11714, in number ranges nobody was given.

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const OUTER: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const INNER: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// What the second character of a 9-code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// 企业
    Company,
    /// 个体工商户
    Individual,
    /// 农民专业合作社
    Cooperative,
}

impl Body {
    /// The body of a credit code; companies when it is none of the three.
    pub fn of(code: &str) -> Self {
        match code.get(1..2) {
            Some("2") => Self::Individual,
            Some("3") => Self::Cooperative,
            _ => Self::Company,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Company => "91",
            Self::Individual => "92",
            Self::Cooperative => "93",
        }
    }
}

/// The code of the `number`-th entity, registered by the county `authority`. `old` gives it a subject code of digits
/// as before October 2015. Distinct numbers give distinct codes up to 9,999,999 (old) and 28,629,150 (new).
pub fn credit_code(number: u64, body: Body, authority: &str, old: bool) -> String {
    // Multiplying by a number coprime to the range scatters the codes without a collision.
    let subject = if old {
        format!("9{:07}", (number * 7_654_321 + 1_234_567) % 10_000_000)
    } else {
        let mut left = (number * 12_345_677 + 7_654_321) % 28_629_151;
        let mut tail = [b'0'; 5];
        for slot in tail.iter_mut().rev() {
            *slot = symbol(left % 31);
            left /= 31;
        }
        tail.iter().fold(String::from("MAX"), |mut text, byte| {
            text.push(char::from(*byte));
            text
        })
    };
    let mut code = format!("{}{authority}{subject}{}", body.prefix(), inner_check(&subject));
    let check = outer_check(&code);
    code.push(check);
    code
}

/// The same code with a check character that is not its own.
pub fn broken(code: &str) -> String {
    let mut text: String = code.chars().take(17).collect();
    let right = outer_check(&text);
    text.push(if right == '7' { '4' } else { '7' });
    text
}

/// True for the codes given to firms registered before October 2015.
pub fn is_old(code: &str) -> bool {
    code.get(8..9) == Some("9")
}

fn symbol(value: u64) -> u8 {
    usize::try_from(value)
        .ok()
        .and_then(|at| ALPHABET.get(at))
        .copied()
        .unwrap_or(b'0')
}

fn inner_check(subject: &str) -> char {
    let sum: u32 = subject
        .chars()
        .zip(INNER)
        .map(|(mark, weight)| mark.to_digit(36).unwrap_or(0) * weight)
        .sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    }
}

fn outer_check(text: &str) -> char {
    let sum: u32 = text
        .bytes()
        .zip(OUTER)
        .map(|(byte, weight)| {
            let value = ALPHABET.iter().position(|one| *one == byte).unwrap_or(0);
            u32::try_from(value).unwrap_or(0) * weight
        })
        .sum();
    char::from(symbol(u64::from((31 - sum % 31) % 31)))
}
