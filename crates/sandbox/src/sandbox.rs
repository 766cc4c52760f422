//! All simulators together: started, described, stopped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::simulator::Simulator;
use crate::site::{Rate, Site};
use crate::world::World;
use crate::{business_central, courier, docusign, graph, kantata, netsuite, salesforce, server, tls};

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where state, certificates and ports are kept.
    pub folder: PathBuf,
    /// From which faults are drawn.
    pub seed: u64,
    /// The share of requests that fail, 0 to 1.
    pub faults: f64,
    /// The first of consecutive ports; none: free ones. A folder that has been used keeps its ports.
    pub ports: Option<u16>,
}

impl Options {
    /// No faults, free ports.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), seed: 1, faults: 0.0, ports: None }
    }
}

/// A simulator as a firm's configuration describes it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedSystem {
    /// The product, named as its adapter's folder.
    pub product: String,
    /// The system's name.
    pub name: String,
    /// Where it is reached.
    pub base_url: String,
    /// What its adapter has to know.
    pub settings: Value,
    /// What its adapter shows to be let in.
    pub credentials: BTreeMap<String, String>,
}

/// The running simulators.
pub struct Sandbox {
    folder: PathBuf,
    rate: Rate,
    sites: Vec<Arc<Site>>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    people: AtomicBool,
}

/// Every simulator there is.
fn simulators() -> Vec<Box<dyn Simulator>> {
    vec![
        Box::new(salesforce::Salesforce),
        Box::new(docusign::DocuSign),
        Box::new(netsuite::NetSuite),
        Box::new(business_central::BusinessCentral::default()),
        Box::new(kantata::Kantata),
        Box::new(graph::Graph),
    ]
}

impl Sandbox {
    /// Starts every simulator on its folder, its port and the sandbox's certificate.
    ///
    /// # Errors
    /// When the folder cannot be used, or a port is taken.
    pub async fn start(options: Options) -> Result<Self, Error> {
        Self::start_at(options, Clock::wall()).await
    }

    /// The same, with a clock of one's own.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub async fn start_at(options: Options, clock: Clock) -> Result<Self, Error> {
        let folder = options.folder.clone();
        std::fs::create_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
        let acceptor = TlsAcceptor::from(tls::server(&folder)?);
        let client = webhook_client(&folder)?;
        let mut ports = ports(&folder)?;
        let rate = Rate::default();
        rate.set(options.faults);
        let (stop, stopped) = watch::channel(false);
        let (mut sites, mut tasks) = (Vec::new(), JoinSet::new());
        for (index, simulator) in (0..).zip(simulators()) {
            let product = simulator.product();
            let wanted =
                ports.get(product).copied().or(options.ports.map(|first| first + index)).unwrap_or(0);
            let failed = |source| Error::Port { port: wanted, product, source };
            let listener = TcpListener::bind(("127.0.0.1", wanted)).await.map_err(failed)?;
            let port = listener.local_addr().map_err(failed)?.port();
            ports.insert(product.to_owned(), port);
            let journal = folder.join(format!("{product}.jsonl"));
            let world = World::open(&journal, simulator.collections(), clock)?;
            let site = Arc::new(Site::new(simulator, world, rate.clone(), options.seed, port));
            site.with(|world| site.simulator().furnish(world))?;
            tasks.spawn(server::serve(
                site.clone(),
                listener,
                acceptor.clone(),
                client.clone(),
                stopped.clone(),
            ));
            tasks.spawn(couriered(site.clone(), client.clone(), stopped.clone()));
            sites.push(site);
        }
        keep_ports(&folder, &ports)?;
        Ok(Self { folder, rate, sites, stop, tasks, people: AtomicBool::new(false) })
    }

    /// The simulators, ready for a configuration.
    #[must_use]
    pub fn systems(&self) -> Vec<SimulatedSystem> {
        let describe = |site: &Arc<Site>| SimulatedSystem {
            product: site.simulator().product().to_owned(),
            name: site.simulator().name().to_owned(),
            base_url: site.base_url(),
            settings: site.simulator().settings(),
            credentials: site.simulator().credentials(),
        };
        self.sites.iter().map(describe).collect()
    }

    /// The certificate authority to trust, PEM.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        tls::ca_file(&self.folder)
    }

    /// Sets the share of requests that fail from now on.
    pub fn set_faults(&self, rate: f64) {
        self.rate.set(rate);
    }

    /// Where DocuSign Connect posts, and the key with which it signs.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn connect_docusign(&self, url: String, hmac_key: &str) -> Result<(), Error> {
        self.site("docusign")
            .map_or(Ok(()), |site| site.with(|world| docusign::configure(world, &url, hmac_key)))
    }

    /// The signatories of an envelope open and sign it; whether it was there to be signed.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn sign(&self, envelope: &str) -> Result<bool, Error> {
        self.in_docusign(|world| {
            let _ = docusign::deliver(world, envelope);
            docusign::complete(world, envelope).is_ok()
        })
    }

    /// A signatory of an envelope refuses; whether it was there to be refused.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn decline(&self, envelope: &str, reason: &str) -> Result<bool, Error> {
        self.in_docusign(|world| docusign::decline(world, envelope, reason).is_ok())
    }

    fn in_docusign(&self, work: impl FnOnce(&mut World) -> bool) -> Result<bool, Error> {
        self.site("docusign").map_or(Ok(false), |site| site.with(work))
    }

    /// What every simulator holds and what befell it.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let entry = |site: &Arc<Site>| (site.simulator().product().to_owned(), site.ledger());
        Ledger { systems: self.sites.iter().map(entry).collect() }
    }

    /// Whether the system of that name holds an object.
    #[must_use]
    pub fn holds(&self, system: &str, collection: &str, id: &str) -> bool {
        let site = self.sites.iter().find(|site| site.simulator().name() == system);
        site.is_some_and(|site| site.read(|world| world.get(collection, id).is_some()))
    }

    pub(crate) fn site(&self, product: &str) -> Option<&Arc<Site>> {
        self.sites.iter().find(|site| site.simulator().product() == product)
    }

    /// Whether the people of a play are to begin: true the first time.
    pub(crate) fn people_begin(&self) -> bool {
        !self.people.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Stops serving; what was answered is kept in the folder.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn couriered(site: Arc<Site>, client: reqwest::Client, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = courier::run(&site, &client) => {}
        _ = stop.changed() => {}
    }
}

/// The client that posts webhooks; it trusts the sandbox's own authority too.
fn webhook_client(folder: &Path) -> Result<reqwest::Client, Error> {
    let trusted = tls::client(folder)?;
    let builder = reqwest::Client::builder().tls_backend_preconfigured(trusted).no_proxy();
    Ok(builder.connect_timeout(Duration::from_secs(5)).build()?)
}

fn ports_file(folder: &Path) -> PathBuf {
    folder.join("ports.json")
}

fn ports(folder: &Path) -> Result<BTreeMap<String, u16>, Error> {
    let path = ports_file(folder);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|source| Error::Settings { path, source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(source) => Err(Error::File { path, source }),
    }
}

fn keep_ports(folder: &Path, ports: &BTreeMap<String, u16>) -> Result<(), Error> {
    let path = ports_file(folder);
    let text =
        serde_json::to_vec_pretty(ports).map_err(|source| Error::Settings { path: path.clone(), source })?;
    std::fs::write(&path, text).map_err(|source| Error::File { path, source })
}
