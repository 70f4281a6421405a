namespace Halo.Inference.Model.Streaming;

/// <summary>Reads pieces from storage.</summary>
internal interface IPieceReader
{
    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="target">Where it goes: on a page, with room for whole pages.</param>
    /// <param name="bytes">The length that it must have.</param>
    /// <exception cref="IOException">It is not there, has another length, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    unsafe void Read(string path, byte* target, long bytes);
}
