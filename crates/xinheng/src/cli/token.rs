//! `xinheng token`: makes an access token for a named person.
use house::hall::{House, command, token};
use kernel::{Actor, Fault, FaultKind, Outcome};

use crate::say;

/// Makes a token and shows it once.
pub fn run(house: &House, name: &str) -> Outcome<()> {
    const MOST: usize = 50;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MOST {
        let detail = format!("姓名不能为空，也不能超过 {MOST} 个字。");
        return Err(Fault::new(FaultKind::Invalid, "hall.token.name", detail));
    }
    let mut random = [0_u8; 24];
    house.chance.fill(&mut random)?;
    let op = house.op(Actor::operator("本机操作员"), "token");
    let made = command(house, &op, |tx, op| token::create(tx, op, name, random))?;
    say::line(format!("{name} 的访问令牌（只显示这一次，请交本人妥善保存）："));
    say::line(format!("  {made}"));
    Ok(())
}
