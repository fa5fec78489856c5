//! The catalogue as data: an item nobody has coded, and a catalogue that changes under records that stay.
use std::fs;

use super::common::{self, Place, repository};
use super::{FIRM, entities, registrations};

const PACK: &str =
    "format = 1\ncode = \"local\"\ntitle = \"地方\"\ndivision = \"440511\"\nextends = \"base\"\n";

/// An item of the town's own: stations that buy milk.
const ITEM: &str = r#"
[default]
from = 2022-01-01
basis = { source = "CAT", article = "全部类别" }

[[item]]
code = "milk-station"
title = "生鲜乳收购站检查"
group = "warning"
mode = "fact"
suppliers = []
public = false
share = "unconditional"
key = ["visit_no"]
facts = { on = "visited_on", level = "failures" }

[[item.field]]
name = "visit_no"
title = "检查单号"
type = "text"
required = true
headings = []

[[item.field]]
name = "visited_on"
title = "查站日期"
type = "day"
required = true
headings = []

[[item.field]]
name = "failures"
title = "不合格项数"
type = "integer"
headings = []

[[item.field]]
name = "remark"
title = "奶温记录"
type = "text"
headings = []
"#;

const INDICATOR: &str = r#"
[default]
from = 2022-01-13
basis = { source = "CAT", article = "全部类别" }

[[indicator]]
model = "generic"
code = "dynamic.milk-station"
title = "收购站检查不合格"
group = "dynamic"
item = "milk-station"
aggregate = "count"
within_months = 24
bands = [{ min = 1, points = 40 }]
sentence = "近两年收购站检查 {value} 次"
why = "地方重点监管。"
"#;

fn local(place: &Place, catalogue: &str, model: &str) {
    common::copy_folder(&repository("packs/base"), &place.path("packs/base"));
    for (file, text) in [
        ("pack.toml", PACK),
        ("catalogue.toml", catalogue),
        ("model.toml", model),
    ] {
        place.write(&format!("packs/local/{file}"), text);
    }
}

const VISITS: &str = "统一社会信用代码,检查单号,查站日期,不合格项数,奶温记录\n";

#[test]
fn an_item_added_to_the_catalogue_is_recognised_kept_shown_and_classified_upon_without_code() {
    let place = Place::new();
    local(&place, ITEM, INDICATOR);
    let pack = place.path("packs/local");
    let checked = common::xinheng(&["policy".into(), "check".into(), pack.clone()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    place.run(&["init", "--pack", pack.to_str().unwrap()]).good();
    entities(&place, &[], registrations()).good();
    let before = place.run(&["explain", FIRM]).good();
    assert!(!before.contains("收购站检查 1 次"), "{before}");
    let file = place.write("x.csv", format!("{VISITS}{FIRM},奶1号,2026-05-04,2,4度\n"));
    let said = place.run(&["import", "records", file.to_str().unwrap()]).good();
    assert!(
        said.contains("识别为“生鲜乳收购站检查”（milk-station）"),
        "{said}"
    );
    let shown = place.run(&["show", FIRM]).good();
    assert!(
        shown.contains("生鲜乳收购站检查") && shown.contains("奶1号"),
        "{shown}"
    );
    let after = place.run(&["explain", FIRM]).good();
    assert!(
        after.contains("近两年收购站检查 1 次"),
        "the class knows of it: {after}"
    );
}

#[test]
fn a_new_catalogue_that_drops_and_renames_fields_leaves_old_records_readable_and_takes_new_ones() {
    let place = Place::new();
    local(&place, ITEM, INDICATOR);
    let pack = place.path("packs/local");
    place.run(&["init", "--pack", pack.to_str().unwrap()]).good();
    entities(&place, &[], registrations()).good();
    let old = place.write("old.csv", format!("{VISITS}{FIRM},奶1号,2026-05-04,2,四度\n"));
    place.run(&["import", "records", old.to_str().unwrap()]).good();
    // The next catalogue has no 奶温记录 and calls the number of failures otherwise.
    let (kept, _) = ITEM.split_once("[[item.field]]\nname = \"remark\"").unwrap();
    let next = kept
        .replace("name = \"failures\"", "name = \"faults\"")
        .replace("level = \"failures\"", "level = \"faults\"");
    fs::write(pack.join("catalogue.toml"), next).unwrap();
    let shown = place.run(&["show", FIRM]).good();
    assert!(
        shown.contains("奶1号") && shown.contains("四度"),
        "old fields are still shown: {shown}"
    );
    assert!(
        place
            .run(&["explain", FIRM])
            .good()
            .contains("近两年收购站检查 1 次")
    );
    place.run(&["classify", "--full"]).good();
    let new = place.write(
        "new.csv",
        format!("统一社会信用代码,检查单号,查站日期,不合格项数\n{FIRM},奶2号,2026-05-20,1\n"),
    );
    let said = place.run(&["import", "records", new.to_str().unwrap()]).good();
    assert!(said.contains("入库 1 条"), "{said}");
    let shown = place.run(&["show", FIRM]).good();
    assert!(shown.contains("奶1号") && shown.contains("奶2号"), "{shown}");
    // The item itself may go: what was known under it stays known.
    fs::write(pack.join("catalogue.toml"), "").unwrap();
    fs::write(pack.join("model.toml"), "").unwrap();
    let shown = place.run(&["show", FIRM]).good();
    assert!(shown.contains("奶1号") && shown.contains("奶2号"), "{shown}");
    place.run(&["classify", "--full"]).good();
}
