//! The numbered steps of the schema: one step a module, a file per database, forward only.
use db::Migration;

/// A step whose two files stand beside each other in `migrations/`.
macro_rules! step {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("../../../migrations/", $name, ".postgres.sql")),
        }
    };
}

/// Every step in order.
pub const MIGRATIONS: &[Migration] = &[
    step!(1, "0001_hall"),
    step!(2, "0002_office"),
    step!(3, "0003_intake"),
    step!(4, "0004_registry"),
    step!(5, "0005_assess"),
    step!(6, "0006_inspect"),
    step!(7, "0007_publish"),
    step!(8, "0008_whose"),
    step!(9, "0009_intake_bulk"),
    step!(10, "0010_gates"),
    step!(11, "0011_quality"),
    step!(12, "0012_feed"),
    step!(13, "0013_model_life"),
    step!(14, "0014_push"),
    step!(15, "0015_registry_search"),
    step!(16, "0016_duty_redate"),
];
