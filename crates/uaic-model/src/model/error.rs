//! Why a model cannot be built, trained or asked.

/// Why a model learns or says nothing.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// What the model says is not a number.
    #[error("the model's output is not a number: its training has diverged")]
    NotFinite,
    /// The system gives no more threads.
    #[error("{wanted} threads cannot be started: {cause}")]
    Threads {
        /// How many were asked for.
        wanted: usize,
        /// Why there are none.
        #[source]
        cause: rayon::ThreadPoolBuildError,
    },
    /// The weights are not those of the model.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// What was learnt of texts out of scope does not fit the model's features.
    #[error(transparent)]
    Scope(#[from] uaic_eval::Undefined),
    /// An operation of the tensor library fails, which is a defect.
    #[error("a tensor operation failed: {0}")]
    Operation(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why weights cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Not a safetensors file.
    #[error("the weights cannot be read: {0}")]
    Unreadable(#[from] safetensors::SafeTensorError),
    /// A tensor that the model needs is not there.
    #[error("the weights lack the tensor `{0}`")]
    Missing(String),
    /// A tensor is of another shape or type than the model's.
    #[error("the tensor `{name}` of the weights is {found}, not 32-bit floats of shape {wanted:?}")]
    Misfit {
        /// Its name.
        name: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: Vec<usize>,
    },
    /// A tensor that the model does not have.
    #[error("the weights have a tensor `{0}` that the model does not know")]
    Extra(String),
    /// Two layers ask for the same name, which is a defect.
    #[error("two tensors are named `{0}`")]
    Twice(String),
    /// An architecture that this program was built without.
    #[error(
        "architecture `{0}` is made of candle operations, and this program was built without them; \
         build it with `--features candle`"
    )]
    LeftOut(&'static str),
}
