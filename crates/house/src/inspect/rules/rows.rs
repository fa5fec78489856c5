//! Opening selected rows to the public, and choosing people once more by the rule of the draw.
use proof::draw::{
    Commitment, ItemSelection, Opened, Pick, PoolKey, RollRow, Rows, Salts, SelectedRow, Selection,
    assign_teams, ticket,
};
use proof::merkle::{Tree, leaf_hash};
use proof::{Digest, ProofError, Suite, canonical};

/// The rows chosen by `open`, each with salt and path under the root of the transcript.
pub fn opened(
    suite: Suite,
    key: &PoolKey,
    rows: &[SelectedRow],
    open: impl Fn(&SelectedRow) -> bool,
) -> Result<Vec<Opened>, ProofError> {
    let salts = Salts::new(suite, key);
    let salt_of = |row: &SelectedRow| {
        let (role, item, id) = row.name();
        salts.selected(role, item, id)
    };
    if !rows.iter().any(&open) {
        return Ok(Vec::new());
    }
    let leaf = |row: &SelectedRow| {
        let data = suite
            .labelled("selected-row")
            .field(&salt_of(row).0)
            .with(&canonical::to_vec(row)?)
            .finish();
        Ok(leaf_hash(suite, &data.0))
    };
    let tree = Tree::build(suite, rows.iter().map(leaf).collect::<Result<_, ProofError>>()?);
    let proved = rows
        .iter()
        .zip(0_u64..)
        .filter(|(row, _)| open(row))
        .filter_map(|(row, index)| {
            Some(Opened {
                index,
                row: row.clone(),
                salt: salt_of(row),
                path: tree.path(index)?,
            })
        });
    Ok(proved.collect())
}

/// The fixed parts of choosing people: seed, key and rule of the draw.
pub struct Lot<'a> {
    /// Suite of the draw.
    pub suite: Suite,
    /// Seed of the draw.
    pub seed: Digest,
    /// Key of its salts.
    pub key: &'a PoolKey,
    /// Its commitment.
    pub commitment: &'a Commitment,
}

impl Lot<'_> {
    /// The team of one entity for some items under the loads of `roll`, by the rule of the draw. `alone` replaces the
    /// number of places when one department goes.
    pub fn team(
        &self,
        id: &str,
        division: &str,
        items: &[&str],
        alone: Option<u64>,
        roll: &[RollRow],
    ) -> Result<Option<SelectedRow>, ProofError> {
        let mut commitment = self.commitment.clone();
        commitment
            .items
            .retain(|item| items.contains(&item.item.as_str()));
        if let Some(places) = alone {
            commitment.team.alone = places;
        }
        let pick = Pick {
            ticket: ticket(self.suite, &self.seed, id),
            id: id.to_owned(),
            stratum: String::new(),
        };
        let drawn = |item: &proof::draw::Item| ItemSelection {
            item: item.item.clone(),
            drawn: vec![pick.clone()],
            reserves: Vec::new(),
            cutoffs: Vec::new(),
        };
        let selection = Selection {
            items: commitment.items.iter().map(drawn).collect(),
        };
        let mut places = Rows::new(vec![division.to_owned()]);
        places.push(id, 0)?;
        let rows = assign_teams(
            self.suite,
            &self.seed,
            self.key,
            &commitment,
            &selection,
            &places,
            roll,
        );
        Ok(rows.into_iter().next())
    }
}
