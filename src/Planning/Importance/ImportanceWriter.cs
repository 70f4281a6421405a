using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Halo.Planning.Importance;

/// <summary>Writes an importance that was checked; see <see cref="ImportanceFile"/>.</summary>
internal sealed class ImportanceWriter(Stream stream) : IDisposable
{
    private const int ChunkFloats = 4096;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _chunk = new byte[ChunkFloats * sizeof(float)];

    internal void Write(ModelImportance importance)
    {
        Put(ImportanceFile.Magic);
        Put((int)ImportanceFile.Version);
        Put(Convert.FromHexString(importance.ModelHash));
        Put(importance.HiddenSize);
        Put(importance.Stages.Count);
        foreach (StageImportance stage in importance.Stages)
        {
            Put(stage.GroupCount);
            Put(stage.MeanParts.IsEmpty ? 0 : 1);
            Put(stage.Predictor?.Rank ?? 0);
            Put(stage.EarlyPredictor?.Rank ?? 0);
            Put(stage.Surrogates.Count == 0 ? 0 : stage.Surrogates[0].Rank);
            Put([stage.Sensitivity]);
        }

        foreach (StageImportance stage in importance.Stages)
        {
            Put([.. stage.Mean]);
            Put(stage.MeanParts.Span);
            Put(stage.Predictor);
            Put(stage.EarlyPredictor);
            foreach (GroupSurrogate surrogate in stage.Surrogates)
            {
                Put(surrogate.Inner);
                Put(surrogate.Outer);
                Put(surrogate.Offset);
            }
        }

        stream.Write(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();

    private void Put(GroupPredictor? predictor)
    {
        if (predictor is not null)
        {
            Put(predictor.Inner);
            Put(predictor.Outer);
            Put(predictor.Bias);
        }
    }

    private void Put(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Put(bytes);
    }

    private void Put(ReadOnlySpan<float> numbers)
    {
        for (int done = 0; done < numbers.Length; done += ChunkFloats)
        {
            ReadOnlySpan<float> part = numbers[done..Math.Min(numbers.Length, done + ChunkFloats)];
            for (int i = 0; i < part.Length; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(_chunk.AsSpan(i * sizeof(float)), part[i]);
            }

            Put(_chunk.AsSpan(0, part.Length * sizeof(float)));
        }
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        stream.Write(bytes);
    }
}
