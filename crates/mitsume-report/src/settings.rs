//! Which settings distinguish runs of one model, and which have no effect.

use std::collections::BTreeMap;

use mitsume_artifacts::RunConfig;

/// Settings that comparisons name separately: data, model, lambda, seed.
const NAMED_SEPARATELY: [&str; 8] = [
    "data.name",
    "data.removed_by",
    "data.removed_share",
    "data.train",
    "data.valid",
    "model.name",
    "train.seed",
    "consistency.lambda_max",
];

/// The settings of a run by dotted key; `None` for a setting without effect on the run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Settings(BTreeMap<String, Option<String>>);

impl Settings {
    /// All but data, model, lambda and seed.
    pub fn from_config(config: &RunConfig) -> Self {
        let mut flat = BTreeMap::new();
        if let Ok(text) = config.to_toml()
            && let Ok(table) = text.parse::<toml::Table>()
        {
            flatten(&table, "", &mut flat);
        }
        flat.retain(|key, _| !NAMED_SEPARATELY.contains(&&**key));
        for key in config.keys_without_effect() {
            if let Some(value) = flat.get_mut(key) {
                *value = None;
            }
        }
        Self(flat)
    }

    /// Whether all settings that have an effect on both runs are equal.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let no_effect = |value: Option<&Option<String>>| value == Some(&None);
        let same = |key: &String| {
            let (own, others) = (self.0.get(key), other.0.get(key));
            own == others || no_effect(own) || no_effect(others)
        };
        self.0.keys().chain(other.0.keys()).all(same)
    }

    /// Whether the settings that differ have no effect on this run.
    pub fn is_equivalent_for(&self, other: &Self) -> bool {
        let same = |key: &String| {
            let own = self.0.get(key);
            own == other.0.get(key) || own == Some(&None)
        };
        self.0.keys().chain(other.0.keys()).all(same)
    }

    /// Keys and values that have an effect on this run and differ in some of `others`.
    pub fn differing_from<'a>(
        &'a self,
        others: impl Iterator<Item = &'a Self> + Clone,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| {
            let own = value.as_deref()?;
            let differs = |other: &Self| match other.0.get(key) {
                None => true,
                Some(None) => false,
                Some(Some(value)) => value != own,
            };
            others.clone().any(differs).then_some((&key[..], own))
        })
    }
}

/// lambda_max, or 0 if training ends before lambda rises. -0 becomes 0.
pub(crate) fn effective_lambda(config: &RunConfig) -> f64 {
    if config.consistency.is_plain(config.train.epochs) {
        0.0
    } else {
        config.consistency.lambda_max
    }
}

fn flatten(table: &toml::Table, above: &str, flat: &mut BTreeMap<String, Option<String>>) {
    for (name, value) in table {
        let key = if above.is_empty() {
            name.clone()
        } else {
            format!("{above}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(inner, &key, flat),
            toml::Value::String(text) => {
                flat.insert(key, Some(text.clone()));
            }
            other => {
                flat.insert(key, Some(other.to_string()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn settings(more: &str) -> Settings {
        let text = format!("[data]\ntrain='a'\nvalid='b'\n[model]\nname='level2'\n{more}");
        Settings::from_config(&RunConfig::from_toml(&text, Path::new("run.toml")).unwrap())
    }

    #[test]
    fn plain_training_agrees_with_every_cam_loss_and_these_not_with_each_other() {
        let plain = settings("[consistency]\nt1 = 10\nalpha = 'full'");
        let early = settings("[consistency]\nlambda_max = 50\nt1 = 5");
        let late = settings("[consistency]\nlambda_max = 50\nt1 = 20");
        assert!(plain.agrees_with(&early) && early.agrees_with(&plain) && plain.agrees_with(&late));
        assert!(!early.agrees_with(&late));
        assert!(plain.is_equivalent_for(&early) && !early.is_equivalent_for(&plain));
        let other_maps = settings("[consistency]\nmethod = 'hires-cam'");
        assert!(!other_maps.agrees_with(&early), "the maps evaluated differ");
        let differing: Vec<_> = early.differing_from([&plain, &late].into_iter()).collect();
        assert_eq!(differing, [("consistency.t1", "5")]);
        assert_eq!(plain.differing_from([&early, &late].into_iter()).count(), 0);
    }

    #[test]
    fn a_setting_that_only_one_of_two_has_tells_them_apart() {
        let [some, all] = ["[data]\ntrain_per_class = 50", ""].map(|more| {
            let text = format!("[model]\nname='level2'\n[data]\ntrain='a'\nvalid='b'\n{more}");
            let text = text.replace("valid='b'\n[data]\n", "valid='b'\n");
            Settings::from_config(&RunConfig::from_toml(&text, Path::new("run.toml")).unwrap())
        });
        assert!(!some.agrees_with(&all) && !all.agrees_with(&some));
        let augmented = settings("");
        let plain = settings("[data.augment]\nhorizontal_flip = 0.0");
        assert!(!augmented.agrees_with(&plain));
    }
}
