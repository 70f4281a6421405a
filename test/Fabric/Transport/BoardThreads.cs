using System.Collections.Concurrent;

namespace Halo.Fabric.Tests.Transport;

/// <summary>One real thread a board; a fault on any of them ends the others and fails the test.</summary>
internal static class BoardThreads
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <param name="count">Threads.</param>
    /// <param name="body">What each does, given its number.</param>
    /// <param name="stop">Ends all waits, called once a body has thrown or time is up.</param>
    /// <param name="stopsAtEnd">Whether it is called in the end in any case.</param>
    internal static void Run(int count, Action<int> body, Action stop, bool stopsAtEnd = true)
    {
        ConcurrentQueue<Exception> faults = [];
        using CountdownEvent left = new(count);
        for (int i = 0; i < count; i++)
        {
            int board = i;
            new Thread(() =>
            {
                try
                {
                    body(board);
                }
                catch (Exception fault)
                {
                    faults.Enqueue(fault);
                    stop();
                }

                left.Signal();
            })
            { IsBackground = true, Name = $"board {board}" }.Start();
        }

        bool ended = left.Wait(s_limit);
        if (stopsAtEnd || !ended)
        {
            stop();
        }

        if (!faults.IsEmpty)
        {
            throw new AggregateException(faults);
        }

        Assert.True(ended, $"{left.CurrentCount} of {count} boards did not end within {s_limit.TotalSeconds:0} s.");
    }
}
