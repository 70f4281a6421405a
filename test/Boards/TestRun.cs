// Boards own threads that the tests count, and allocations are measured over the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
