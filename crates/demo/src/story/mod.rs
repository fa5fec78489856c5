//! What happens to an entity, theme by theme; each story writes the rows it brings about.

mod filing;
mod market;
mod permit;
mod trouble;
pub mod visit;

use std::io;

use crate::life::Life;

/// Everything but the inspections.
pub fn tell(life: &mut Life<'_>) -> io::Result<()> {
    filing::registration(life)?;
    if life.from >= life.to {
        return Ok(());
    }
    filing::changes(life)?;
    filing::annual_reports(life)?;
    filing::social_security(life)?;
    filing::address(life)?;
    permit::licences(life)?;
    permit::commitments(life)?;
    permit::honours(life)?;
    trouble::penalties(life)?;
    trouble::listings(life)?;
    trouble::serious(life)?;
    trouble::court(life)?;
    trouble::money(life)?;
    trouble::relations(life)?;
    market::complaints(life)?;
    market::tests(life)?;
    market::opinions(life)
}
