using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams;

/// <summary>Gives a <see cref="DatagramCore"/> a network and a clock.</summary>
internal interface IDatagramDriver : IProgressPump, IDatagramSink, IDisposable
{
    /// <summary>Microseconds on a clock that never goes back.</summary>
    long Now { get; }

    /// <summary>Datagrams that came and were dropped because nobody had room for them; 0 where that is not known.</summary>
    long ReceiveOverflows => 0;

    /// <summary>Begins to move datagrams.</summary>
    /// <param name="core">The board's protocol, called inside <paramref name="gate"/> only.</param>
    /// <param name="gate">Held while the core is used.</param>
    /// <param name="onLost">A board has closed its connection: its place and the reason; called inside the gate.</param>
    /// <param name="afterwards">Called after datagrams were taken, outside the gate.</param>
    void Start(DatagramCore core, Lock gate, Action<int, string> onLost, Action afterwards);

    /// <summary>Moves what can be moved now, or waits until something can.</summary>
    void MoveOrWait()
    {
        if (!Move())
        {
            Wait();
        }
    }
}
