using Halo.Fabric.Streams;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// Times the head board's steps and chooses their topology. Steps of few rows are made of waiting, those of many of bytes: each kind has a choice of
/// its own. Times are microseconds.
/// </summary>
/// <param name="hiddenSize">Floats of a row; an announcement brings as many for each.</param>
internal sealed class TopologyTimer(int hiddenSize)
{
    private const int FewRows = 4;

    private readonly TopologyChooser _few = new();
    private readonly TopologyChooser _many = new();
    private TopologyChooser? _chooser; // of the step that is under way
    private int _rows;
    private long _begun;

    /// <summary>A step begins; returns its topology.</summary>
    internal Topology Begin(int announcementBytes, long now)
    {
        _rows = announcementBytes / (hiddenSize * sizeof(float));
        _chooser = _rows <= FewRows ? _few : _many;
        _begun = now;
        return _chooser.Next;
    }

    /// <summary>The step went through.</summary>
    internal void End(long now)
    {
        if (_rows > 0)
        {
            _chooser?.Took((now - _begun) / (double)(_rows <= FewRows ? 1 : _rows));
        }

        _chooser = null;
    }
}
