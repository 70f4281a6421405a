using Halo.Inference.Gguf;
using Halo.Inference.Threading;

namespace Halo.Inference.Probes;

/// <summary>
/// Reads what a token needs of a model's file, all threads together: the limit beside decoding. The embedding table counts only where it is the
/// LM head too.
/// </summary>
public sealed unsafe class ModelReading : IDisposable
{
    private const string Embedding = "token_embd.weight";

    private readonly ReadWork _work = new();
    private readonly WorkerTeam _team;

    /// <param name="file">The model; it must outlive this.</param>
    /// <param name="threads">Threads that read.</param>
    public ModelReading(GgufFile file, int threads)
    {
        ArgumentNullException.ThrowIfNull(file);
        _team = new WorkerTeam(threads, "read", spin: true);
        bool isTied = !file.TryGetTensor("output.weight", out _);
        foreach (GgufTensorInfo tensor in file.TensorList.Where(tensor => isTied || tensor.Name != Embedding))
        {
            _work.Add(file.DataPointer(tensor), tensor.ByteCount);
        }
    }

    /// <summary>Bytes that are read.</summary>
    public long Bytes => _work.Bytes;

    /// <summary>Reads them once.</summary>
    public void Run() => _team.Run(_work);

    /// <summary>Stops the threads.</summary>
    public void Dispose() => _team.Dispose();
}
