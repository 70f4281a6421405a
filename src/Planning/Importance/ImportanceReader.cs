using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Halo.Planning.Importance;

/// <summary>Reads an importance; see <see cref="ImportanceFile"/>. Memory grows with what was read, not with what a header claims.</summary>
internal sealed class ImportanceReader(Stream stream) : IDisposable
{
    private const int ChunkFloats = 16384;
    private const long MostFloats = 1L << 28; // in one block of numbers

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _chunk = new byte[ChunkFloats * sizeof(float)];
    private int _hiddenSize;

    internal ModelImportance Read()
    {
        Span<byte> start = stackalloc byte[ImportanceFile.Magic.Length];
        Take(start, "the beginning");
        Require(start.SequenceEqual(ImportanceFile.Magic), $"It does not begin as an importance file does; 'halo calibrate' writes one.");
        int version = TakeInt("the version");
        Require(version == ImportanceFile.Version, $"It is of version {version}; this program reads version {ImportanceFile.Version}.");
        byte[] modelHash = new byte[ImportanceFile.HashBytes];
        Take(modelHash, "the model's hash");
        _hiddenSize = TakeInt("the hidden size", 1, ImportanceFile.MostHidden);
        int stageCount = TakeInt("the stage count", 2, ImportanceFile.MostStages);
        Require(stageCount % 2 == 0, $"It has {stageCount} stages; a layer has two.");
        StageHeader[] headers = new StageHeader[stageCount];
        for (int i = 0; i < stageCount; i++)
        {
            headers[i] = TakeHeader(i);
        }

        StageImportance[] stages = new StageImportance[stageCount];
        for (int i = 0; i < stageCount; i++)
        {
            stages[i] = TakeStage(headers[i], i);
        }

        CheckEnd();
        return new ModelImportance { ModelHash = Convert.ToHexStringLower(modelHash), HiddenSize = _hiddenSize, Stages = stages };
    }

    public void Dispose() => _hash.Dispose();

    private StageHeader TakeHeader(int stage)
    {
        int groups = TakeInt($"the group count of stage {stage}", 1, ImportanceFile.MostGroups);
        int meanParts = TakeInt($"the mark of mean parts of stage {stage}", 0, 1);
        int most = Math.Min(groups, GroupPredictor.MostRank);
        int predictor = TakeRank($"the predictor's rank of stage {stage}", groups, most);
        int early = TakeRank($"the early predictor's rank of stage {stage}", groups, most);
        int surrogate = TakeInt($"the surrogates' rank of stage {stage}", 0, _hiddenSize);
        float sensitivity = TakeFloats(1, $"the sensitivity of stage {stage}")[0];
        return new StageHeader(groups, meanParts == 1, predictor, early, surrogate, sensitivity);
    }

    private StageImportance TakeStage(StageHeader header, int stage)
    {
        float[] mean = TakeFloats(header.Groups, $"the means of stage {stage}");
        Require(!Array.Exists(mean, value => value < 0), $"Stage {stage} has a mean importance below 0.");
        float[] parts = header.HasMeanParts ? TakeFloats((long)header.Groups * _hiddenSize, $"the mean parts of stage {stage}") : [];
        GroupPredictor? predictor = TakePredictor(header.Groups, header.PredictorRank, $"the predictor of stage {stage}");
        GroupPredictor? early = TakePredictor(header.Groups, header.EarlyRank, $"the early predictor of stage {stage}");
        List<GroupSurrogate> surrogates = [];
        for (int group = 0; header.SurrogateRank > 0 && group < header.Groups; group++)
        {
            string what = $"a surrogate of stage {stage}";
            long size = (long)header.SurrogateRank * _hiddenSize;
            surrogates.Add(new GroupSurrogate(TakeFloats(size, what), TakeFloats(size, what), TakeFloats(_hiddenSize, what)));
        }

        return new StageImportance
        {
            Mean = mean,
            MeanParts = parts,
            Predictor = predictor,
            EarlyPredictor = early,
            Surrogates = surrogates,
            Sensitivity = header.Sensitivity,
        };
    }

    private GroupPredictor? TakePredictor(int groups, int rank, string what)
    {
        if (rank == 0)
        {
            return null;
        }

        float[] inner = TakeFloats((long)rank * _hiddenSize, what);
        float[] outer = rank == groups ? [] : TakeFloats((long)groups * rank, what);
        return new GroupPredictor(_hiddenSize, inner, outer, TakeFloats(groups, what));
    }

    private int TakeRank(string what, int groups, int most)
    {
        int rank = TakeInt(what, 0, groups);
        Require(rank == groups || rank <= most, $"For {what} there is {rank}; it must be at most {most}, or {groups}.");
        return rank;
    }

    private int TakeInt(string what, int least = int.MinValue, int most = int.MaxValue)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        Take(bytes, what);
        int number = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        Require(number >= least && number <= most, $"For {what} there is {number}; it must be {least} to {most}.");
        return number;
    }

    private float[] TakeFloats(long count, string what)
    {
        Require(count <= MostFloats, $"For {what} there are {count:N0} numbers; more than {MostFloats:N0} cannot be.");
        float[] numbers = new float[Math.Min(count, ChunkFloats)];
        for (int done = 0; done < count;)
        {
            int next = (int)Math.Min(count - done, ChunkFloats);
            if (done + next > numbers.Length)
            {
                Array.Resize(ref numbers, (int)Math.Min(count, Math.Max(done + next, 2L * numbers.Length)));
            }

            Span<byte> bytes = _chunk.AsSpan(0, next * sizeof(float));
            Take(bytes, what);
            for (int i = 0; i < next; i++)
            {
                numbers[done + i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
            }

            done += next;
        }

        Require(FiniteNumbers.All(numbers), $"Among {what} is a number that is not finite.");
        return numbers;
    }

    private void CheckEnd()
    {
        byte[] expected = _hash.GetHashAndReset();
        byte[] found = new byte[ImportanceFile.HashBytes];
        Take(found, "the checksum");
        Require(found.AsSpan().SequenceEqual(expected), $"Its checksum does not fit its content: it is damaged. Calibrate the model anew.");
        Require(stream.ReadByte() < 0, $"Something follows after its end.");
    }

    private void Take(Span<byte> bytes, string what)
    {
        int taken = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        Require(taken == bytes.Length, $"It ends within {what}: it is cut off.");
        _hash.AppendData(bytes);
    }

    private static void Require(bool holds, FormattableString fault)
    {
        if (!holds)
        {
            throw new ImportanceFormatException(FormattableString.Invariant(fault));
        }
    }

    private sealed record StageHeader(int Groups, bool HasMeanParts, int PredictorRank, int EarlyRank, int SurrogateRank, float Sensitivity);
}
