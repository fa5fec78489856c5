//! 住所 side by side: equal, the same road and number, or different.

use kernel::name::normalise;

use crate::reading::letters;

/// How two addresses agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressMatch {
    /// Equal as folded.
    Same,
    /// The same road and number.
    Similar,
    /// Two roads, or two numbers.
    Other,
    /// One says too little.
    Unknown,
}

/// Endings of places that stand before the road.
const ABOVE: &[char] = &['省', '市', '区', '县', '镇', '乡', '道', '盟', '旗'];

/// The form under which addresses are compared.
pub fn normal_address(raw: &str) -> String {
    letters(&normalise(raw))
}

/// Compares two addresses.
pub fn compare_addresses(a: &str, b: &str) -> AddressMatch {
    /// Below this an address names a town at most.
    const TELLING: usize = 6;
    let (a, b) = (normal_address(a), normal_address(b));
    if a.chars().count() < TELLING || b.chars().count() < TELLING {
        return AddressMatch::Unknown;
    }
    if a == b || a.ends_with(&b) || b.ends_with(&a) {
        return AddressMatch::Same;
    }
    match (door(&a), door(&b)) {
        (Some(x), Some(y)) if x == y => AddressMatch::Similar,
        (Some(_), Some(_)) => AddressMatch::Other,
        _ => AddressMatch::Unknown,
    }
}

/// Road and number: from behind the last place name to the first 号.
fn door(address: &str) -> Option<&str> {
    let end = address.find('号')?;
    let head = address.get(..end)?;
    // 街道 is a place, 大道 and 东道 are roads; the last place before a road decides.
    let begin = head
        .char_indices()
        .filter(|(at, c)| {
            ABOVE.contains(c) && (*c != '道' || head.get(..*at).is_some_and(|before| before.ends_with('街')))
        })
        .map(|(at, c)| at + c.len_utf8())
        .filter(|at| head.get(*at..).is_some_and(|road| road.chars().count() >= 3))
        .last()
        .unwrap_or(0);
    let door = head.get(begin..)?;
    (door.chars().any(|c| c.is_ascii_digit()) && door.chars().count() >= 3).then_some(door)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_agree_wholly_by_road_and_number_or_not() {
        let whole = "四川省成都市武侯区武科西四路9号";
        assert_eq!(
            compare_addresses("成都市武侯区武科西四路９号", whole),
            AddressMatch::Same
        );
        assert_eq!(
            compare_addresses("武侯区武科西四路9号2栋", whole),
            AddressMatch::Similar
        );
        assert_eq!(
            compare_addresses("成都市武侯区武科西四路19号", whole),
            AddressMatch::Other
        );
        assert_eq!(compare_addresses("成都市", whole), AddressMatch::Unknown);
        assert_eq!(
            compare_addresses("安徽省合肥市蜀山区", whole),
            AddressMatch::Unknown
        );
    }
}
