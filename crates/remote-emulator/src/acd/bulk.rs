//! The bulk calls of later years, which only first-party applications may use.

use serde_json::{Map, Value, json};

use crate::acd::problem::Problem;
use crate::acd::state::{Moment, State};

/// Nodes in one call.
const LIMIT: usize = 50;

impl State {
    fn extended(&self) -> Result<(), Problem> {
        if self.settings.extended {
            return Ok(());
        }
        let text = "Insufficient permissions granted for operation: bulk";
        Err(Problem::forbidden(text))
    }

    /// `PATCH trash`: adds nodes to the trash or takes them out.
    pub(crate) fn bulk_trash(&mut self, moment: Moment, order: &Value) -> Result<Value, Problem> {
        self.extended()?;
        let add = match order["op"].as_str() {
            Some("add") => true,
            Some("remove") => false,
            _ => return Err(Problem::bad("op must be add or remove")),
        };
        let mut errors = Map::new();
        for id in ids(&order["value"])? {
            let outcome = match (add, self.synthetic(&id)) {
                (true, Some(entry)) => {
                    self.trash_synthetic(entry);
                    Ok(())
                }
                (true, None) => self.trash(moment, &id).map(drop),
                (false, _) => self.restore(moment, &id).map(drop),
            };
            if let Err(problem) = outcome {
                errors.insert(id, problem.status.into());
            }
        }
        Ok(json!({ "errorMap": errors }))
    }

    /// `POST bulk/nodes/purge`
    pub(crate) fn bulk_purge(&mut self, order: &Value) -> Result<Value, Problem> {
        self.extended()?;
        let mut errors = Map::new();
        for id in ids(&order["nodeIds"])? {
            if let Err(problem) = self.purge(&id) {
                errors.insert(id, problem.status.into());
            }
        }
        Ok(json!({ "errorMap": errors }))
    }
}

fn ids(value: &Value) -> Result<Vec<String>, Problem> {
    let refused = || Problem::bad("expected a list of up to 50 ids");
    let list = value.as_array().filter(|list| list.len() <= LIMIT);
    let texts = list.ok_or_else(refused)?.iter().map(Value::as_str);
    texts
        .map(|id| id.map(str::to_owned).ok_or_else(refused))
        .collect()
}
