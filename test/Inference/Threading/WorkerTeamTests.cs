using Halo.Inference.Threading;

namespace Halo.Inference.Tests.Threading;

public sealed class WorkerTeamTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public void Run_ManyQuickRounds_RunsEveryWorkerOnceEach(int workerCount, bool spin)
    {
        using WorkerTeam team = new(workerCount, "test", spin);
        CountingWork work = new(workerCount);
        for (int round = 1; round <= 10_000; round++)
        {
            team.Run(work);
            foreach (int count in work.Counts)
            {
                if (count != round)
                {
                    Assert.Fail($"A worker ran {count} times in {round} rounds.");
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_Repeated_AllocatesNothing(int workerCount)
    {
        using WorkerTeam team = new(workerCount, "test", spin: false);
        CountingWork work = new(workerCount);
        for (int i = 0; i < 100; i++)
        {
            team.Run(work);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            team.Run(work);
        }

        // The least object in each run would be 24,000 bytes; a thread's first wait makes a few kilobytes, whenever it comes.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 12_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_OneWorkerThrows_RethrowsAfterAllFinishedAndStaysUsable(int thrower)
    {
        using WorkerTeam team = new(3, "test", spin: true);
        FailingWork failing = new(thrower);
        NotSupportedException fault = Assert.Throws<NotSupportedException>(() => team.Run(failing));

        Assert.Equal(2, failing.Finished);
        Assert.Contains(nameof(FailingWork), fault.StackTrace, StringComparison.Ordinal);
        CountingWork work = new(3);
        team.Run(work);
        Assert.Equal([1, 1, 1], work.Counts);
    }

    [Fact]
    public void Run_Nested_Throws()
    {
        using WorkerTeam team = new(2, "test", spin: false);
        Assert.Throws<InvalidOperationException>(() => team.Run(new NestedWork(team)));
    }

    [Fact]
    public void Run_AfterDispose_Throws()
    {
        WorkerTeam team = new(2, "test", spin: false);
        team.Dispose();
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(new CountingWork(2)));
    }

    [Theory]
    [InlineData(10, 3, 1)]
    [InlineData(0, 4, 1)]
    [InlineData(3, 5, 1)]
    [InlineData(100, 3, 16)]
    [InlineData(int.MaxValue, 7, 16)]
    public void Split_AllShares_CoverTheRangeInBalance(int count, int workerCount, int granularity)
    {
        int end = 0;
        List<int> units = [];
        for (int worker = 0; worker < workerCount; worker++)
        {
            (int first, int next) = WorkerTeam.Split(count, worker, workerCount, granularity);
            Assert.Equal(end, first);
            Assert.True(next == count || next % granularity == 0);
            units.Add((int)(((long)next - first + granularity - 1) / granularity));
            end = next;
        }

        Assert.Equal(count, end);
        Assert.InRange(units.Max() - units.Min(), 0, 1);
    }

    [Fact]
    public void Split_WorkerOutside_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => WorkerTeam.Split(10, 3, 3));

    private sealed class CountingWork(int workerCount) : IParallelWork
    {
        public int[] Counts { get; } = new int[workerCount];

        public void Run(int worker, int workerCount) => Counts[worker]++;
    }

    private sealed class FailingWork(int thrower) : IParallelWork
    {
        private int _finished;

        public int Finished => _finished;

        public void Run(int worker, int workerCount)
        {
            if (worker == thrower)
            {
                throw new NotSupportedException("on purpose");
            }

            Thread.Sleep(20); // the failure comes first
            Interlocked.Increment(ref _finished);
        }
    }

    private sealed class NestedWork(WorkerTeam team) : IParallelWork
    {
        public void Run(int worker, int workerCount)
        {
            if (worker == 1)
            {
                team.Run(this);
            }
        }
    }
}
