//! Storage of the cluster: local disk, and S3-compatible buckets whose address and keys each process has in its own
//! environment (`AWS_ENDPOINT`, `AWS_ACCESS_KEY_ID`, …), so that no secret travels with a plan.

use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use url::Url;

/// Knows local disk, and every bucket once it is asked for.
#[derive(Debug, Default)]
pub(crate) struct Stores(DefaultObjectStoreRegistry);

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.0.register_store(url, store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        match (self.0.get_store(url), url.scheme(), url.host_str()) {
            (Err(_), "s3", Some(bucket)) => {
                let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build();
                let store: Arc<dyn ObjectStore> =
                    Arc::new(store.map_err(|e| DataFusionError::ObjectStore(Box::new(e)))?);
                self.0.register_store(url, Arc::clone(&store));
                Ok(store)
            }
            (known, ..) => known,
        }
    }
}
