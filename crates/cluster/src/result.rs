//! Batches of a plan as results of `lake`, so that one machine and many write the same file.

use datafusion::arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
};
use lake::Results;
use policy::{Compiled, MAX_GROUPS, Verdict};

use crate::fault::{Cluster, ClusterFault};

/// The results a batch of [`crate::plan`] holds.
pub fn results_of(batch: &RecordBatch, models: &[Compiled]) -> Cluster<Results> {
    let mut results = Results::for_models(models);
    results
        .entity
        .extend(column::<Int64Type>(batch, "entity")?.values());
    results
        .division
        .extend(column::<UInt32Type>(batch, "division")?.values());
    for (number, (model, columns)) in models.iter().zip(&mut results.models).enumerate() {
        let class = column::<UInt8Type>(batch, &format!("class_{number}"))?;
        let points = column::<Int32Type>(batch, &format!("points_{number}"))?;
        let part = column::<UInt8Type>(batch, &format!("model_{number}"))?;
        let direct = column::<UInt16Type>(batch, &format!("direct_{number}"))?;
        let groups = 0..model.model().groups.len().min(MAX_GROUPS);
        let groups = groups
            .map(|at| column::<Int32Type>(batch, &format!("group_{number}_{at}")))
            .collect::<Cluster<Vec<_>>>()?;
        let verdicts = class.values().iter().zip(part.values()).zip(points.values());
        for (row, ((class, part), points)) in verdicts.enumerate() {
            let mut group_points = [0; MAX_GROUPS];
            for (slot, column) in group_points.iter_mut().zip(&groups) {
                *slot = column.values().get(row).copied().unwrap_or_default();
            }
            columns.push(&Verdict {
                class: *class,
                model: *part,
                points: *points,
                group_points,
                floor: direct.is_valid(row).then(|| direct.value(row)),
            });
        }
    }
    Ok(results)
}

fn column<'b, T: ArrowPrimitiveType>(batch: &'b RecordBatch, name: &str) -> Cluster<&'b PrimitiveArray<T>> {
    let array = batch.column_by_name(name).ok_or(ClusterFault::Shape("缺少列"))?;
    let array = array
        .as_primitive_opt::<T>()
        .ok_or(ClusterFault::Shape("列的类型不符"))?;
    if array.null_count() > 0 && !name.starts_with("direct") {
        return Err(ClusterFault::Shape("列中有空值"));
    }
    Ok(array)
}
