//! Released models laid over a pack (模型放行): fragments of `model.toml`, each in force on its own days.

use std::sync::Arc;

use kernel::Day;
use sha2::{Digest, Sha256};

use super::content::Content;
use super::{Pack, PackFault, symbols_of};

/// A fragment of a pack in the form of `model.toml`, and from when to when it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// What the fragment is called in faults: the name of its file.
    pub file: String,
    /// Its text.
    pub text: String,
    /// First day in force. A row that says a later day begins on that one.
    pub from: Day,
    /// Last day in force; afterwards the pack below speaks again.
    pub until: Option<Day>,
}

impl Overlay {
    /// SHA-256 (hex) of the text, line ends as `\n`.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(plain(&self.text).as_bytes()))
    }

    fn read(&self, faults: &mut Vec<PackFault>) -> Content {
        let mut content = Content::default();
        content.read_fragment(&self.file, plain(&self.text), faults);
        content
    }

    /// The day on which all rows of the fragment speak, at the earliest `day`.
    pub fn whole_on(&self, day: Day) -> Day {
        self.read(&mut Vec::new())
            .last_begin()
            .map_or(day, |last| last.max(day))
    }
}

fn plain(text: &str) -> String {
    text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n")
}

impl Pack {
    /// The pack with fragments laid over it, each on its days, one after the other. Checked like a pack that is read: keys,
    /// references, every model compiled on every day on which a part of it begins. Without fragments: the pack itself.
    ///
    /// # Errors
    /// Everything that is wrong, in order of place.
    pub fn laid_over(ground: &Arc<Self>, overlays: &[Overlay]) -> Result<Arc<Self>, Vec<PackFault>> {
        if overlays.is_empty() {
            return Ok(Arc::clone(ground));
        }
        let mut faults = Vec::new();
        let mut pack = Self {
            ground: Some(Arc::clone(ground)),
            ..ground.as_ref().clone()
        };
        let head = pack.content.head.clone();
        for overlay in overlays {
            let mut content = overlay.read(&mut faults);
            if content.last_begin().is_none() && faults.is_empty() {
                faults.push(PackFault {
                    place: super::Place {
                        file: overlay.file.as_str().into(),
                        ..super::Place::default()
                    },
                    what: "没有任何一行".to_owned(),
                    right:
                        "写法与政策包的 model.toml 相同：[[model]]、[[group]]、[[indicator]]、[[direct]] 等"
                            .to_owned(),
                });
            }
            content.within(overlay.from, overlay.until);
            pack.content = pack.content.overlaid(content);
        }
        pack.content.head = head;
        pack.hash = ground.hash_under(overlays);
        pack.content.settle(&mut faults);
        pack.symbols = Arc::new(symbols_of(&pack.content));
        if faults.is_empty() {
            pack.check_models(&mut faults);
        }
        faults.sort();
        faults.dedup();
        if faults.is_empty() {
            Ok(Arc::new(pack))
        } else {
            Err(faults)
        }
    }

    /// The hash of the pack with fragments laid over it, without reading them.
    pub fn hash_under(&self, overlays: &[Overlay]) -> String {
        if overlays.is_empty() {
            return self.hash.clone();
        }
        let mut hash = Sha256::new();
        hash.update(self.hash.as_bytes());
        for overlay in overlays {
            let until = overlay.until.map_or_else(String::new, |day| day.to_string());
            hash.update(format!("{}..{until}", overlay.from).as_bytes());
            hash.update(overlay.digest().as_bytes());
        }
        hex::encode(hash.finalize())
    }

    /// The pack that released models are laid over; `None` when none is.
    pub fn ground(&self) -> Option<&Arc<Self>> {
        self.ground.as_ref()
    }
}
