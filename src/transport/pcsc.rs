//! Readers through the PC/SC service.
use super::{Ports,Card,Error};
/// x
pub struct PcscPorts;
impl PcscPorts {
    /// x
    pub fn new() -> Self { Self }
}
impl Ports for PcscPorts {
    fn readers(&self) -> Result<Vec<String>, Error> { Ok(vec![]) }
    fn open(&self, reader: &str) -> Result<Box<dyn Card>, Error> { Err(Error::NoReader{reader: reader.to_owned()}) }
}
