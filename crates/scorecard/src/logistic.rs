//! Logistic regression with a normal prior on each coefficient, by Newton's method; every step is solved by nalgebra.
use kernel::{Fault, Outcome};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use crate::number::{sigmoid, softplus};

/// Rows that are alike: their columns other than 0, how many there are, and how many of them found a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Column (from 0) and what stands there; each column at most once.
    pub cells: Vec<(usize, f64)>,
    /// Rows.
    pub rows: f64,
    /// Rows that found a problem.
    pub found: f64,
}

/// What is to be fitted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Problem {
    /// Where each coefficient is drawn to, and how strongly (the L2 penalty is `strength · (c − centre)² / 2`).
    pub priors: Vec<(f64, f64)>,
    /// The rows.
    pub cases: Vec<Case>,
}

/// Coefficients with what is known of their uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// One for each prior.
    pub coefficients: Vec<f64>,
    /// Their variances: the diagonal of the inverse of the penalised information matrix.
    pub variances: Vec<f64>,
}

const STEPS: usize = 100;

/// Finds the coefficients where the penalised likelihood is greatest.
pub fn solve(problem: &Problem) -> Outcome<Fitted> {
    let width = problem.priors.len();
    let known = |case: &Case| case.cells.iter().all(|(column, _)| *column < width);
    if !problem.cases.iter().all(known) {
        return Err(no_fit("数据的列与系数的个数不一致"));
    }
    let mut at = DVector::from_iterator(width, problem.priors.iter().map(|(centre, _)| *centre));
    let mut loss = loss_at(problem, &at);
    for _ in 0..STEPS {
        let (slope, information) = slope_at(problem, &at);
        let step = factored(information)?.solve(&slope);
        if step.amax() < 1e-10 {
            break;
        }
        // Newton's step, halved until it does not make things worse: the loss is convex, so this ends at its only minimum.
        let mut part = 1.0;
        let (next, next_loss) = loop {
            let next = &at - &step * part;
            let next_loss = loss_at(problem, &next);
            if next_loss <= loss || part < 1e-6 {
                break (next, next_loss);
            }
            part /= 2.0;
        };
        let gained = loss - next_loss;
        at = next;
        loss = next_loss;
        if gained.abs() < 1e-13 * loss.abs().max(1.0) && step.amax() < 1e-7 {
            break;
        }
    }
    let (_, information) = slope_at(problem, &at);
    let covariance = factored(information)?.inverse();
    if at.iter().any(|c| !c.is_finite()) {
        return Err(no_fit("系数没有收敛"));
    }
    Ok(Fitted {
        coefficients: at.iter().copied().collect(),
        variances: covariance.diagonal().iter().copied().collect(),
    })
}

fn no_fit(why: &str) -> Fault {
    Fault::invalid(
        "model.fit.failed",
        format!("拟合失败：{why}。请检查特征是否完全重复，或加大 strengths。"),
    )
}

fn factored(information: DMatrix<f64>) -> Outcome<Cholesky<f64, Dyn>> {
    Cholesky::new(information).ok_or_else(|| no_fit("信息矩阵不是正定的"))
}

fn line_of(case: &Case, at: &DVector<f64>) -> f64 {
    let parts = case.cells.iter();
    parts
        .map(|(column, cell)| cell * at.get(*column).copied().unwrap_or(0.0))
        .sum()
}

fn loss_at(problem: &Problem, at: &DVector<f64>) -> f64 {
    let rows: f64 = problem
        .cases
        .iter()
        .map(|case| {
            let z = line_of(case, at);
            case.rows * softplus(z) - case.found * z
        })
        .sum();
    let drawn: f64 = at
        .iter()
        .zip(&problem.priors)
        .map(|(c, (centre, strength))| strength * (c - centre) * (c - centre) / 2.0)
        .sum();
    rows + drawn
}

/// Gradient of the loss and its matrix of second derivatives.
fn slope_at(problem: &Problem, at: &DVector<f64>) -> (DVector<f64>, DMatrix<f64>) {
    let width = problem.priors.len();
    let mut slope = DVector::zeros(width);
    let mut information = DMatrix::zeros(width, width);
    for case in &problem.cases {
        let p = sigmoid(line_of(case, at));
        let rest = case.rows * p - case.found;
        let weight = case.rows * p * (1.0 - p);
        for (column, cell) in &case.cells {
            if let Some(slope) = slope.get_mut(*column) {
                *slope += rest * cell;
            }
            for (other, other_cell) in &case.cells {
                if let Some(entry) = information.get_mut((*column, *other)) {
                    *entry += weight * cell * other_cell;
                }
            }
        }
    }
    for (column, (c, (centre, strength))) in at.iter().zip(&problem.priors).enumerate() {
        if let Some(slope) = slope.get_mut(column) {
            *slope += strength * (c - centre);
        }
        if let Some(entry) = information.get_mut((column, column)) {
            // A breath of information keeps a column without rows solvable.
            *entry += strength + 1e-9;
        }
    }
    (slope, information)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of study and passing an exam, the example of the encyclopaedia's article on logistic regression.
    const HOURS: [(f64, f64); 20] = [
        (0.50, 0.0),
        (0.75, 0.0),
        (1.00, 0.0),
        (1.25, 0.0),
        (1.50, 0.0),
        (1.75, 0.0),
        (1.75, 1.0),
        (2.00, 0.0),
        (2.25, 1.0),
        (2.50, 0.0),
        (2.75, 1.0),
        (3.00, 0.0),
        (3.25, 1.0),
        (3.50, 0.0),
        (4.00, 1.0),
        (4.25, 1.0),
        (4.50, 1.0),
        (4.75, 1.0),
        (5.00, 1.0),
        (5.50, 1.0),
    ];

    fn hours(priors: Vec<(f64, f64)>) -> Problem {
        let cases = HOURS
            .iter()
            .map(|(hours, passed)| Case {
                cells: vec![(0, *hours), (1, 1.0)],
                rows: 1.0,
                found: *passed,
            })
            .collect();
        Problem { priors, cases }
    }

    #[test]
    fn a_published_example_comes_out_as_published() {
        let fitted = solve(&hours(vec![(0.0, 0.0), (0.0, 0.0)])).unwrap();
        // Published: 1.5046 (standard error 0.6287) and −4.0777 (1.7610).
        assert!((fitted.coefficients[0] - 1.5046).abs() < 5e-5);
        assert!((fitted.coefficients[1] + 4.0777).abs() < 5e-5);
        assert!((fitted.variances[0].sqrt() - 0.6287).abs() < 5e-4);
        assert!((fitted.variances[1].sqrt() - 1.7610).abs() < 5e-4);
    }

    #[test]
    fn a_strong_prior_holds_a_coefficient_where_it_is_drawn() {
        let fitted = solve(&hours(vec![(1.0, 1e9), (0.0, 0.0)])).unwrap();
        assert!((fitted.coefficients[0] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_separable_table_needs_the_prior_and_gets_finite_coefficients() {
        let case = |x: f64, found: f64| Case {
            cells: vec![(0, x)],
            rows: 10.0,
            found,
        };
        let problem = Problem {
            priors: vec![(0.0, 1.0)],
            cases: vec![case(-1.0, 0.0), case(1.0, 10.0)],
        };
        let fitted = solve(&problem).unwrap();
        // Where 20·(1 − σ(c)) = c.
        let c = fitted.coefficients[0];
        assert!((20.0 * (1.0 - sigmoid(c)) - c).abs() < 1e-8, "{c}");
    }

    #[test]
    fn a_column_that_does_not_exist_is_refused() {
        let problem = Problem {
            priors: vec![(0.0, 1.0)],
            cases: vec![Case {
                cells: vec![(1, 1.0)],
                rows: 1.0,
                found: 0.0,
            }],
        };
        assert_eq!(solve(&problem).unwrap_err().code(), "model.fit.failed");
    }
}
