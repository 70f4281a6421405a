using System.Collections.Concurrent;
using Halo.Boards.Control;
using Halo.Boards.Peers;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;

namespace Halo.Boards.Tests.Peers;

/// <summary>Boards that find each other by name, each with ports of its own on the loopback.</summary>
internal sealed class PeerCluster : IAsyncDisposable
{
    internal const string Model = "tales";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-test-");
    private readonly ConcurrentDictionary<string, PeerAddress> _addresses = new();
    private readonly List<PeerProcess> _processes = [];

    internal string Folder => _folder.FullName;

    /// <summary>Starts a board's process, which the others find from then on.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="file">The model's file; null where it has none.</param>
    /// <param name="key">The cluster's key; that of the tests where it is left out.</param>
    /// <param name="port">The control endpoint's port.</param>
    /// <param name="client">How it asks others.</param>
    /// <param name="kvType">How it keeps keys and values of models whose files it has.</param>
    internal async Task<PeerProcess> StartAsync(
        string name, string? file = null, ClusterKey? key = null, int port = 0, ControlClientOptions? client = null, KvType kvType = KvType.F16)
    {
        PeerProcess process = await PeerProcess.StartAsync(this, name, file, key ?? Control.ControlHost.Key, port, client, kvType);
        _processes.Add(process);
        Set(process.Address);
        return process;
    }

    internal PeerAddress? Find(string board) => _addresses.GetValueOrDefault(board);

    internal void Set(PeerAddress address) => _addresses[address.Board] = address;

    internal void Remove(string board) => _addresses.TryRemove(board, out _);

    /// <summary>A plan with equal shares; the first board is the head board.</summary>
    internal static Plan PlanOf(int version, params PeerProcess[] boards) => Planner.Create(
        boards[0].Model.Profile,
        [.. boards.Select(process => process.Board.Profile).OrderBy(profile => profile.Name, StringComparer.Ordinal)],
        new PlanRequest { Version = version, HeadBoard = boards[0].Name, KvPositions = 2048 });

    /// <summary>A copy of the bundled model that is another file: one byte more at its end.</summary>
    internal string OtherFile()
    {
        string path = Path.Combine(Folder, "other.gguf");
        File.Copy(TestPaths.BundledModel, path);
        using FileStream file = new(path, FileMode.Append);
        file.WriteByte(1);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PeerProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
