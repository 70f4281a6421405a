namespace Halo.Fabric.Streams;

/// <summary>
/// Receives on a thread of its own, for boards that share their step thread with others: while the thread waits with one board, bytes for the
/// other must still be taken.
/// </summary>
internal sealed class StreamReceiver : IDisposable
{
    private readonly StreamLink _link;
    private readonly Thread _thread;

    /// <param name="link">A link that blocks.</param>
    /// <param name="name">The thread's name.</param>
    internal StreamReceiver(StreamLink link, string name)
    {
        _link = link;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Ends the link and the thread.</summary>
    public void Dispose()
    {
        _link.Close();
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }

        _link.Dispose();
    }

    private void Run()
    {
        while (_link.IsOpen)
        {
            _link.Receive();
        }
    }
}
