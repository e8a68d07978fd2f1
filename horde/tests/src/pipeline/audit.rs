//! What must hold of the pool and its buckets, whenever the host is stopped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{ANSWERS, PROMPTS, Pipeline, PipelineError, output, text};

impl Pipeline {
    /// Stops the host, and returns everything that must not be, one line each.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn audit(&mut self) -> Result<Vec<String>, PipelineError> {
        self.host.stop();
        let known = self.known_objects()?;
        let mut faults = Vec::new();
        let mut answers = BTreeMap::new();
        let report = self.s3_report()?;
        for bucket in report["buckets"].as_array().into_iter().flatten() {
            let name = text(&bucket["name"]);
            for object in bucket["objects"].as_array().into_iter().flatten() {
                let key = text(&object["key"]);
                if !known.contains(&(name.clone(), key.clone())) {
                    faults.push(format!("{name}/{key} is left, and no record names it"));
                }
                if key.starts_with("solved/") {
                    let body = self.object(&name, &key)?.body;
                    answers.entry(body).or_insert_with(Vec::new).push(key);
                }
            }
        }
        faults.extend(used_twice(answers, self.workload_prompts));
        Ok(faults)
    }

    /// The objects that the records of the stopped host name.
    fn known_objects(&self) -> Result<BTreeSet<(String, String)>, PipelineError> {
        let mut known = BTreeSet::new();
        let mut add = |bucket: &str, key: String| known.insert((bucket.to_owned(), key));
        for (key, value) in self.records()? {
            match key.split_once('/') {
                Some(("series", uuid)) => {
                    add(PROMPTS, uuid.to_owned());
                }
                Some(("workload", uuid)) => {
                    add(ANSWERS, uuid.to_owned());
                }
                Some(("doomed", _)) => {
                    let object = &value["object"];
                    let bucket = if object["bucket"] == "prompts" {
                        PROMPTS
                    } else {
                        ANSWERS
                    };
                    add(bucket, text(&object["key"]));
                }
                None if key == "job" => {
                    add(ANSWERS, format!("solved/{}.json", text(&value["file"])));
                    for uuid in value["series"].as_array().into_iter().flatten() {
                        add(PROMPTS, text(uuid));
                    }
                }
                _ => {}
            }
        }
        Ok(known)
    }

    /// The records of `horde_crossval` in the store of the stopped host.
    fn records(&self) -> Result<Vec<(String, Value)>, PipelineError> {
        let mut command = self.site.ask_host(&["store", "export"]);
        let lines = output(&mut command)?;
        let lines = lines.lines().map(serde_json::from_str::<Value>);
        let values = lines.filter_map(|line| Some(line.ok()?["value"].clone()));
        let own = values.filter(|value| value["extension"] == "horde_crossval");
        Ok(own
            .map(|value| (text(&value["key"]), value["json"].clone()))
            .collect())
    }
}

/// Samples that miners have answered more than once, by the files of answers and their names. A sample has a series and a seed of
/// its own, and so have its answers. The trusted miner answers the prompts of a workload only, and may be asked for them again.
fn used_twice(files: BTreeMap<String, Vec<String>>, workload_prompts: usize) -> Vec<String> {
    let is_of_series = |text: &str| {
        let answers: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        answers.len() > workload_prompts
    };
    let files = files.into_iter();
    let twice = files.filter(|(text, names)| names.len() > 1 && is_of_series(text));
    twice
        .map(|(_, names)| {
            let times = names.len();
            format!("a sample was used {times} times: {}", names.join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_answers_to_a_series_are_one_sample() {
        let series = r#"{"a": "1", "b": "2", "c": "3"}"#.to_owned();
        let workload = r#"{"a": "1", "b": "2"}"#.to_owned();
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let mut files = BTreeMap::from([
            (series.clone(), names(&["x"])),
            (workload, names(&["y", "z"])),
        ]);
        assert_eq!(used_twice(files.clone(), 2), Vec::<String>::new());
        files.insert(series, names(&["x", "w"]));
        assert_eq!(used_twice(files, 2), ["a sample was used 2 times: x, w"]);
    }
}
