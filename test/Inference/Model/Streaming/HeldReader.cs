using Halo.Inference.Model.Streaming;

namespace Halo.Inference.Tests.Model.Streaming;

/// <summary>A reader whose reads of some files wait until they are let go.</summary>
internal sealed unsafe class HeldReader : IPieceReader
{
    private readonly object _gate = new();
    private readonly DirectPieceReader _files = new();
    private readonly List<string> _begun = [];
    private int _done;
    private bool _released;

    /// <summary>Whether reads of a piece wait.</summary>
    internal Func<string, bool> Holds { get; set; } = _ => false;

    /// <summary>Names of the pieces whose reads have begun, in their order.</summary>
    internal IReadOnlyList<string> Begun
    {
        get
        {
            lock (_gate)
            {
                return [.. _begun];
            }
        }
    }

    /// <summary>Reads that have ended.</summary>
    internal int Done => Volatile.Read(ref _done);

    internal void LetGo()
    {
        lock (_gate)
        {
            _released = true;
            Monitor.PulseAll(_gate);
        }
    }

    public void Read(string path, byte* target, long bytes)
    {
        string name = Path.GetFileName(path);
        lock (_gate)
        {
            _begun.Add(name);
            while (Holds(name) && !_released)
            {
                Monitor.Wait(_gate);
            }
        }

        _files.Read(path, target, bytes);
        Interlocked.Increment(ref _done);
    }
}
