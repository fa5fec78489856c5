//! The local operator's token: made once by `xinheng init`, kept only as a hash.
use db::Tx;
use kernel::actor::Actor;
use kernel::{Fault, FaultKind, Outcome};
use proof::Suite;

use super::{Op, store};

/// Length of a token before encoding, in bytes.
const TOKEN_BYTES: usize = 24;

/// Makes a token from random bytes and keeps its hash. The token itself is shown once.
pub fn create(tx: &mut Tx, op: &Op, name: &str, random: [u8; TOKEN_BYTES]) -> Outcome<String> {
    let token = format!("xh_{}", hex::encode(random));
    store::save_token(tx, &hashed(&token), name, op.at)?;
    Ok(token)
}

/// The actor who holds a token.
pub fn holder(tx: &mut Tx, token: &str) -> Outcome<Actor> {
    store::token(tx, &hashed(token))?
        .map(|name| Actor::operator(&name))
        .ok_or_else(|| {
            Fault::new(
                FaultKind::Unauthenticated,
                "hall.token.unknown",
                "访问令牌无效或已停用。请在请求头中写 Authorization: Bearer 令牌；令牌由 xinheng init 给出。",
            )
        })
}

// The hash only hides the token from a reader of the database; it is not part of any proof, so it does not
// follow the deployment's suite.
fn hashed(token: &str) -> String {
    Suite::Sha256Ed25519.hash(token.as_bytes()).to_string()
}
