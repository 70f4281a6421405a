namespace Halo.Planning.Importance.Fitting;

/// <summary>Eigenvectors of a symmetric matrix by Jacobi's rotations: for matrices of a few hundred rows.</summary>
public static class SymmetricEigen
{
    private const int MostSweeps = 60;

    /// <summary>The eigenvectors of the largest eigenvalues, largest first.</summary>
    /// <param name="matrix">Row-major (size, size), symmetric.</param>
    /// <param name="size">Rows.</param>
    /// <param name="count">Vectors wanted.</param>
    /// <returns>Row-major (count, size), each of length 1, its largest element positive.</returns>
    public static double[] LeadingVectors(ReadOnlySpan<double> matrix, int size, int count)
    {
        double[] a = matrix.ToArray();
        double[] vectors = new double[size * size]; // rows are eigenvectors in the end
        for (int i = 0; i < size; i++)
        {
            vectors[(i * size) + i] = 1;
        }

        for (int sweep = 0; sweep < MostSweeps && OffDiagonal(a, size) > 1e-22 * Trace(a, size); sweep++)
        {
            for (int p = 0; p < size; p++)
            {
                for (int q = p + 1; q < size; q++)
                {
                    Rotate(a, vectors, size, p, q);
                }
            }
        }

        int[] order = [.. Enumerable.Range(0, size).OrderByDescending(i => a[(i * size) + i]).Take(count)];
        double[] leading = new double[count * size];
        for (int r = 0; r < count; r++)
        {
            ReadOnlySpan<double> vector = vectors.AsSpan(order[r] * size, size);
            double largest = 0;
            foreach (double element in vector)
            {
                largest = Math.Abs(element) > Math.Abs(largest) ? element : largest;
            }

            for (int i = 0; i < size; i++)
            {
                leading[(r * size) + i] = largest < 0 ? -vector[i] : vector[i];
            }
        }

        return leading;
    }

    // Turns the axes p and q so that a[p, q] becomes 0.
    private static void Rotate(double[] a, double[] vectors, int size, int p, int q)
    {
        double off = a[(p * size) + q];
        if (off == 0)
        {
            return;
        }

        double theta = (a[(q * size) + q] - a[(p * size) + p]) / (2 * off);
        double tangent = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double cosine = 1 / Math.Sqrt((tangent * tangent) + 1);
        double sine = tangent * cosine;
        for (int i = 0; i < size; i++)
        {
            (a[(i * size) + p], a[(i * size) + q]) = Turn(a[(i * size) + p], a[(i * size) + q], cosine, sine);
        }

        for (int i = 0; i < size; i++)
        {
            (a[(p * size) + i], a[(q * size) + i]) = Turn(a[(p * size) + i], a[(q * size) + i], cosine, sine);
            (vectors[(p * size) + i], vectors[(q * size) + i]) = Turn(vectors[(p * size) + i], vectors[(q * size) + i], cosine, sine);
        }
    }

    private static (double P, double Q) Turn(double p, double q, double cosine, double sine) => ((cosine * p) - (sine * q), (sine * p) + (cosine * q));

    private static double OffDiagonal(double[] a, int size)
    {
        double sum = 0;
        for (int i = 0; i < size; i++)
        {
            for (int j = i + 1; j < size; j++)
            {
                sum += a[(i * size) + j] * a[(i * size) + j];
            }
        }

        return sum;
    }

    private static double Trace(double[] a, int size)
    {
        double sum = 0;
        for (int i = 0; i < size; i++)
        {
            sum += a[(i * size) + i] * a[(i * size) + i];
        }

        return sum;
    }
}
