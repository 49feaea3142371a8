//! The models that are served, each under a name: the live version, and beside it perhaps a canary,
//! which answers a share of the requests, and a shadow, whose answers are only compared.
//!
//! Who asks takes a handle and keeps it until it has its answer, so that a swap drops no request: the
//! old version answers what it was asked and ends.

mod deploy;
mod error;
mod slots;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use self::deploy::Deployer;
use self::slots::{place_of, shortened, unknown};
use super::engine::EngineSettings;
use super::metrics::{Metrics, Role};
use super::source::ModelSource;
pub use error::FleetError;
pub use slots::{Deployment, Model, Picked, Slot};

/// All models.
pub struct Fleet {
    deployer: Deployer,
    metrics: Arc<Metrics>,
    slots: RwLock<Arc<BTreeMap<String, Slot>>>,
    /// The model of requests that name none.
    default: Mutex<Option<String>>,
    /// Held by whoever changes the slots.
    changing: Mutex<()>,
    /// Fingerprints that could not be loaded, by address: they are not tried again and again.
    failed: Mutex<BTreeMap<String, String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    /// None yet.
    pub fn new(source: Arc<dyn ModelSource>, settings: EngineSettings, metrics: Arc<Metrics>) -> Self {
        Self {
            deployer: Deployer { source, settings, metrics: Arc::clone(&metrics) },
            metrics,
            slots: RwLock::default(),
            default: Mutex::default(),
            changing: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// Everything that is served, by name, as of now.
    pub fn slots(&self) -> Arc<BTreeMap<String, Slot>> {
        Arc::clone(&self.slots.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who answers a request for a model, or for the default one: equal keys meet the same version as
    /// long as the share of the canary stays.
    ///
    /// # Errors
    /// There is no such model.
    pub fn pick(&self, name: Option<&str>, key: &str) -> Result<Picked, FleetError> {
        let slots = self.slots();
        let slot = match name {
            Some(name) => slots.get(name).ok_or_else(|| unknown(name, &slots))?,
            None => self.default_slot(&slots)?,
        };
        let deployment = match &slot.canary {
            Some((canary, share)) if place_of(&slot.live.model.name, key) < *share => canary,
            _ => &slot.live,
        };
        Ok(Picked { deployment: Arc::clone(deployment), shadow: slot.shadow.clone() })
    }

    /// The deployment of a version: the live one, or the canary.
    ///
    /// # Errors
    /// There is none.
    pub fn version(&self, name: &str, version: &str) -> Result<Picked, FleetError> {
        let slots = self.slots();
        let slot = slots.get(name).ok_or_else(|| unknown(name, &slots))?;
        let all = slot.answering();
        let found = all.iter().find(|deployment| *deployment.model.version == *version);
        let hint = || {
            let versions: Vec<&str> = all.iter().map(|deployment| &*deployment.model.version).collect();
            format!("there is {}", versions.join(", "))
        };
        let deployment = found.ok_or_else(|| FleetError::Version {
            name: name.to_owned(),
            version: shortened(version),
            hint: hint(),
        })?;
        Ok(Picked { deployment: Arc::clone(deployment), shadow: None })
    }

    /// Loads a model and puts it in the place of the live one of this name; the first name is the
    /// default. Without an address it is the one that the live version came from. Tells whether
    /// anything has changed.
    ///
    /// # Errors
    /// It cannot be loaded; then everything stays as it is.
    pub fn load(&self, name: &str, address: Option<&str>) -> Result<bool, FleetError> {
        let _changing = lock(&self.changing);
        self.counted(name, || {
            let slots = self.slots();
            let old = slots.get(name);
            let address = match (address, old) {
                (Some(address), _) => address.to_owned(),
                (None, Some(slot)) => slot.live.model.address.clone(),
                (None, None) => return Err(unknown(name, &slots)),
            };
            let fingerprint = self.deployer.source.identify(&address)?;
            if old.is_some_and(|slot| slot.live.model.is(&address, &fingerprint)) {
                return Ok(false);
            }
            let live = self.deployer.deploy(self.deployer.fetch(name, &address)?, Role::Live)?;
            self.put_live(name, live);
            Ok(true)
        })
    }

    /// Puts the version back that was live before.
    ///
    /// # Errors
    /// There is none.
    pub fn roll_back(&self, name: &str) -> Result<(), FleetError> {
        let _changing = lock(&self.changing);
        self.counted(name, || {
            let slot = self.slot(name)?;
            let lacking = FleetError::Nothing { name: name.to_owned(), what: "version before this one" };
            let live = self.deployer.deploy(slot.previous.ok_or(lacking)?, Role::Live)?;
            self.put_live(name, live);
            Ok(())
        })
    }

    /// Gives a share of the requests to another version.
    ///
    /// # Errors
    /// It cannot be loaded, or the share is none.
    pub fn set_canary(&self, name: &str, address: &str, share: f64) -> Result<(), FleetError> {
        let _changing = lock(&self.changing);
        if !(share > 0.0 && share < 1.0) {
            return Err(FleetError::Share(share));
        }
        self.slot(name)?;
        let canary = self.deployer.deploy(self.deployer.fetch(name, address)?, Role::Canary)?;
        self.change(name, |slot| slot.canary = Some((canary, share)));
        self.metrics.canary_share(name, share);
        Ok(())
    }

    /// Makes the canary the live version.
    ///
    /// # Errors
    /// There is none.
    pub fn promote_canary(&self, name: &str) -> Result<(), FleetError> {
        let _changing = lock(&self.changing);
        self.counted(name, || {
            let lacking = FleetError::Nothing { name: name.to_owned(), what: "canary" };
            let (canary, _) = self.slot(name)?.canary.ok_or(lacking)?;
            let live = self.deployer.deploy(Arc::clone(&canary.model), Role::Live)?;
            self.change(name, |slot| slot.canary = None);
            self.metrics.canary_share(name, 0.0);
            self.put_live(name, live);
            Ok(())
        })
    }

    /// Takes the canary away.
    ///
    /// # Errors
    /// There is none.
    pub fn remove_canary(&self, name: &str) -> Result<(), FleetError> {
        let _changing = lock(&self.changing);
        if self.slot(name)?.canary.is_none() {
            return Err(FleetError::Nothing { name: name.to_owned(), what: "canary" });
        }
        self.change(name, |slot| slot.canary = None);
        self.metrics.canary_share(name, 0.0);
        Ok(())
    }

    /// Asks another version as well, whose answers are compared and not given.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub fn set_shadow(&self, name: &str, address: &str) -> Result<(), FleetError> {
        let _changing = lock(&self.changing);
        self.slot(name)?;
        let shadow = self.deployer.deploy(self.deployer.fetch(name, address)?, Role::Shadow)?;
        self.change(name, |slot| slot.shadow = Some(shadow));
        Ok(())
    }

    /// Takes the shadow away.
    ///
    /// # Errors
    /// There is none.
    pub fn remove_shadow(&self, name: &str) -> Result<(), FleetError> {
        let _changing = lock(&self.changing);
        if self.slot(name)?.shadow.is_none() {
            return Err(FleetError::Nothing { name: name.to_owned(), what: "shadow" });
        }
        self.change(name, |slot| slot.shadow = None);
        Ok(())
    }

    /// Loads again whatever has changed where it came from: an alias that points elsewhere, a file
    /// that was replaced. What cannot be loaded stays as it is, is told by name, and is not tried again
    /// before it changes.
    pub fn refresh(&self) -> Vec<(String, FleetError)> {
        let mut problems = Vec::new();
        for (name, slot) in &*self.slots() {
            for old in slot.all() {
                let address = &old.model.address;
                let Some(fingerprint) = self.change_of(&old.model) else { continue };
                let done = match (old.role, &slot.canary) {
                    (Role::Live, _) => self.load(name, None).map(|_| ()),
                    (Role::Canary, Some((_, share))) => self.set_canary(name, address, *share),
                    _ => self.set_shadow(name, address),
                };
                if let Err(error) = done {
                    lock(&self.failed).insert(address.clone(), fingerprint);
                    problems.push((name.clone(), error));
                }
            }
        }
        problems
    }

    /// What the address of a model stands for now, when that is another one and not known to fail.
    /// What is not there at the moment has not changed.
    fn change_of(&self, model: &Model) -> Option<String> {
        let now = self.deployer.source.identify(&model.address).ok()?;
        let is_known = now == model.fingerprint || lock(&self.failed).get(&model.address) == Some(&now);
        (!is_known).then_some(now)
    }

    fn default_slot<'a>(&self, slots: &'a BTreeMap<String, Slot>) -> Result<&'a Slot, FleetError> {
        let default = lock(&self.default);
        let name = default.as_deref().unwrap_or_default();
        slots.get(name).ok_or_else(|| unknown(name, slots))
    }

    /// The model of requests that name none.
    pub fn default_name(&self) -> Option<String> {
        lock(&self.default).clone()
    }

    /// What is served under a name.
    ///
    /// # Errors
    /// There is no such model.
    pub fn slot(&self, name: &str) -> Result<Slot, FleetError> {
        let slots = self.slots();
        slots.get(name).cloned().ok_or_else(|| unknown(name, &slots))
    }

    /// Does what gives a model another live version, and counts how it went.
    fn counted<T>(
        &self,
        name: &str,
        change: impl FnOnce() -> Result<T, FleetError>,
    ) -> Result<T, FleetError> {
        let done = change();
        // A name that is not served is no label.
        if self.slots().contains_key(name) {
            self.metrics.swap(name, done.is_ok());
        }
        done
    }

    /// Puts a live version in its place; what was there can be rolled back to.
    fn put_live(&self, name: &str, live: Arc<Deployment>) {
        let mut slots = (*self.slots()).clone();
        let old = slots.remove(name);
        if let Some(old) = &old {
            self.metrics.retire(&old.live.identity);
        }
        let (canary, shadow, previous) = match old {
            Some(old) => (old.canary, old.shadow, Some(Arc::clone(&old.live.model))),
            None => (None, None, None),
        };
        slots.insert(name.to_owned(), Slot { live, canary, shadow, previous });
        self.publish(slots);
        lock(&self.default).get_or_insert_with(|| name.to_owned());
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Slot)) {
        let mut slots = (*self.slots()).clone();
        if let Some(slot) = slots.get_mut(name) {
            let before = slot.clone();
            change(slot);
            let after = slot.all();
            for old in before.all() {
                if !after.iter().any(|new| Arc::ptr_eq(new, old)) {
                    self.metrics.retire(&old.identity);
                }
            }
        }
        self.publish(slots);
    }

    fn publish(&self, slots: BTreeMap<String, Slot>) {
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(slots);
    }
}
