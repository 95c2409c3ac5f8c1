//! The memory of a process that is linked with musl, whose own allocator has all threads wait for one lock.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use mimalloc::MiMalloc;
use tokio::time::sleep;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How often what has become free is given back.
const PERIOD: Duration = Duration::from_secs(5);

/// Gives memory back that has been free for a second. The allocator looks for that only where it is asked for more, or a
/// thread ends; from a relay without clients nobody asks, and so a thread ends.
pub(crate) async fn give_back() {
    loop {
        sleep(PERIOD).await;
        // One that has taken memory is a thread to the allocator. One that cannot be had now may be the next time.
        let _ = thread::Builder::new().name("memory".to_owned()).spawn(|| drop(black_box(Box::new(0_u8))));
    }
}
