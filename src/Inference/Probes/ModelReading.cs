using Halo.Inference.Gguf;
using Halo.Inference.Memory;
using Halo.Inference.Threading;

namespace Halo.Inference.Probes;

/// <summary>
/// Reads as many bytes as a token needs of a model's weights, all threads together: the limit beside decoding. They are bytes of its own, in memory of
/// the kind that weights are copied to, and not those of the mapped file, whose small pages are read more slowly.
/// </summary>
public sealed unsafe class ModelReading : IDisposable
{
    private const string Embedding = "token_embd.weight";

    private readonly ReadWork _work = new();
    private readonly WorkerTeam _team;
    private readonly AlignedBuffer<byte> _memory;

    /// <param name="file">The model. Its embedding table counts only where it is the LM head too.</param>
    /// <param name="threads">Threads that read.</param>
    public ModelReading(GgufFile file, int threads)
    {
        ArgumentNullException.ThrowIfNull(file);
        _team = new WorkerTeam(threads, "read", spin: true);
        bool isTied = !file.TryGetTensor("output.weight", out _);
        _memory = new AlignedBuffer<byte>(file.TensorList.Where(tensor => isTied || tensor.Name != Embedding).Sum(tensor => tensor.ByteCount));
        _work.Add(_memory.Pointer, _memory.Length);
    }

    /// <summary>Bytes that are read.</summary>
    public long Bytes => _work.Bytes;

    /// <summary>Reads them once.</summary>
    public void Run() => _team.Run(_work);

    /// <summary>Stops the threads and gives the memory back.</summary>
    public void Dispose()
    {
        _team.Dispose();
        _memory.Dispose();
    }
}
