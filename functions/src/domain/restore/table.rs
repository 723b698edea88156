//! TBD
use super::plan::Plan;
pub fn table(plan: &Plan) -> String {
    format!("{plan:?}")
}
